// What events are called.

// The hub's own frames. They are no events of the project.
export const HUB = ['connected', 'subscribed', 'gap', 'heartbeat', 'replay.end', 'server_close']

// Names that publishers and replays use, and what handlers know them by. As the catalog has them; a contract test compares.
const ALIASES = {
  'message.replay': 'message.new',
  job_started: 'job.started',
  job_completed: 'job.completed',
  manifest_changed: 'manifest.changed',
  'github-sync': 'github-sync.status',
}

export const canonical = wireName => ALIASES[wireName] ?? wireName
