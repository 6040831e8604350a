// Types of Tributary's browser client. The events are those of Protocols/catalog.json, their data that of Protocols/schemas.

/** A string, or a whole number, as its service has it. */
export type Identifier = string | number
/** ISO 8601 text, or milliseconds since 1970. */
export type Timestamp = string | number
export type PresenceState = 'online' | 'away' | 'offline'

export interface MessageNew {
  messageId: Identifier
  /** The sender's own key for the message; null for what no client wrote. */
  client_msg_id: string | null
  projectId: string
  userId: string
  content: { text: string; type: string; mode: string; actor_type: string }
  timestamp: Timestamp
  metadata: { build_id?: Identifier | null; response_data?: unknown }
  seq?: number | string
}

export interface Typing {
  userId: string
  projectId?: string
  user_type?: string
  timestamp?: Timestamp
}

export interface BuildStatus {
  status: 'queued' | 'in_progress' | 'completed' | 'failed'
  build_id?: Identifier
  projectId?: string
  progress?: number
  message?: string
  timestamp?: Timestamp
}

export interface PlanStep {
  id: Identifier
  title: string
  status?: string
}

export interface PlanEvent {
  planId: Identifier
  projectId?: string
  timestamp?: Timestamp
}

export interface PlanCreated extends PlanEvent {
  projectId: string
  title: string
  steps: PlanStep[]
  timestamp: Timestamp
}

export interface PlanUpdated extends PlanEvent {
  projectId: string
  title?: string
  steps?: PlanStep[]
  timestamp: Timestamp
}

export interface PlanStepUpdated extends PlanEvent {
  projectId: string
  step: PlanStep
  timestamp: Timestamp
}

export interface PlanApproved extends PlanEvent {
  projectId: string
  userId: string
  timestamp: Timestamp
}

export interface PlanRejected extends PlanEvent {
  projectId: string
  userId: string
  reason?: string
  timestamp: Timestamp
}

export interface PlanCompleted extends PlanEvent {
  projectId: string
  summary?: string
  timestamp: Timestamp
}

export interface JobStarted {
  id: Identifier
  task_type: string
  status: string
  project_id?: string
  timestamp?: Timestamp
}

export interface JobProgress {
  id: Identifier
  task_type?: string
  status?: string
  /** In percent. */
  progress: number
  message?: string
  project_id?: string
  timestamp?: Timestamp
}

export interface JobCompleted extends JobStarted {
  result?: unknown
}

export interface JobFailed extends JobStarted {
  error?: { message: string; code?: string }
}

export interface PresenceChanged {
  userId: string
  status: PresenceState
  user_type?: string
  projectId?: string
  last_seen?: Timestamp
  timestamp?: Timestamp
}

export interface PresenceSnapshot {
  projectId: string
  users: { userId: string; status: PresenceState; user_type?: string; last_seen?: Timestamp }[]
  more?: boolean
  timestamp: Timestamp
}

export interface AdvisorMatched {
  matchId: Identifier
  advisorId: Identifier
  projectId: string
  userId?: string
  timestamp: Timestamp
}

export interface AdvisorWorkspaceReady {
  matchId: Identifier
  advisorId: Identifier
  projectId: string
  timestamp: Timestamp
}

export interface GithubSyncStatus {
  status: string
  projectId?: string
  repository?: string
  branch?: string
  commit?: string
  message?: string
  timestamp?: Timestamp
}

export interface ManifestChanged {
  project_folder: string
  timestamp: Timestamp
  paths?: string[]
}

/** The catalog's events. An event that was sent under an alias, or replayed, comes under the name that stands here. */
export interface CatalogEvents {
  'message.new': MessageNew
  'typing.start': Typing
  'typing.stop': Typing
  'build.status': BuildStatus
  'plan.created': PlanCreated
  'plan.updated': PlanUpdated
  'plan.step_updated': PlanStepUpdated
  'plan.approved': PlanApproved
  'plan.rejected': PlanRejected
  'plan.completed': PlanCompleted
  'job.started': JobStarted
  'job.progress': JobProgress
  'job.completed': JobCompleted
  'job.failed': JobFailed
  'presence.changed': PresenceChanged
  'presence.snapshot': PresenceSnapshot
  'advisor.matched': AdvisorMatched
  'advisor.workspace_ready': AdvisorWorkspaceReady
  'github-sync.status': GithubSyncStatus
  'manifest.changed': ManifestChanged
  [plan: `plan.${string}`]: PlanEvent
}

/** The hub's own frames. `on` gets them by name; `'*'` leaves them out. */
export interface HubEvents {
  connected: {
    protocol: 1
    connection_id: string
    user_id: string
    project_id: string
    channels: string[]
    events: string[]
    from_seq?: number
    latest_seq?: number
    recovered: boolean
    heartbeat_ms: number
    node: string
    timestamp: string
  }
  subscribed: { connection_id: string; channels: string[]; events: string[]; timestamp: string }
  /** Something is missing that the hub cannot replay, and the client could not fetch: get the state anew from where it came from. */
  gap: { project_id?: string; channels?: string[]; reason: string; from?: number; to?: number; timestamp?: string }
  'replay.end': {
    projectId: string
    lastReplayedSeq: number
    replayed: number
    totalAvailable: number
    more: boolean
    message: string
  }
  heartbeat: { timestamp: string }
  server_close: { reason: string; reconnect: boolean; retry_ms: number; timestamp: string }
}

export interface TributaryEvent<Data = unknown, Name extends string = string> {
  /** As in the catalog: what handlers listen to. */
  name: Name
  /** As it was sent: `message.replay`, `job_started`. */
  type: string
  /** Durable events have one: the place in the project's timeline. */
  id?: number
  data: Data
  /** It happened before, while nobody was there: after a reconnect, from the history, or from another tab. */
  replayed: boolean
  /** The data's text, as it was sent. */
  raw: string
}

export type Status =
  /** Not begun, or the page is put aside. */
  | { state: 'disconnected'; solo?: true }
  /** Also a tab that has not heard yet how the leading one is. */
  | { state: 'connecting'; solo?: true }
  /** `leader`: this tab has the connection. `solo`: each tab has one, for tabs cannot speak to each other here. */
  | { state: 'connected'; leader: boolean; solo?: true }
  /** `retryIn`: ms that were left when this tab was told. */
  | { state: 'reconnecting'; attempt: number; retryIn: number; solo?: true }
  /** 401 or 403, and `token()` did not help. `reconnect()` tries again. */
  | { state: 'blocked'; status: number; solo?: true }
  /** 429, with its `Retry-After`: no tab asks before that, not even one that is opened or loaded again meanwhile. */
  | { state: 'limited'; retryIn: number; solo?: true }
  /**
   * For all tabs: `revoked` or another reason that the hub gave with `reconnect: false`, `no_content` (204), `refused` (another 4xx, in
   * `status`). For this object alone: `disposed`. `reconnect()` tries again, but for `disposed`.
   */
  | { state: 'closed'; reason: string; status?: number; solo?: true }

export interface Options {
  /** The hub. The page's own origin if missing. */
  url?: string | URL
  /** As the hub knows the user. Another user has another connection, and sees nothing of this one: so name them, `token` or not. */
  user?: string
  /** `default` if missing. */
  project?: string
  /** A list, or a text with commas. Every channel that the user may read if missing, or `all`. */
  channels?: string | string[]
  /** Where to begin, exclusive, in a browser that has no place yet: 0 is the oldest that is kept. Live if missing. */
  from?: number
  /** Asked before each connection, and once more after a 401 or 403. */
  token?: () => string | Promise<string>
  /** `eventsource` hears only those events that the hub lists in `connected`: browsers ask for each by name. */
  transport?: 'fetch' | 'eventsource'
}

export interface OutboxEntry<Draft = unknown> {
  clientMsgId: string
  draft: Draft
  state: 'pending' | 'sent' | 'failed'
  /** What `settle` was given. */
  answer?: unknown
  /** What `fail` was given. */
  error?: unknown
}

/**
 * Messages that are shown before anybody has confirmed them. An entry goes when the stream brings an event with its key in
 * `data.client_msg_id`, before handlers see that. Who shows `entries` behind the messages shows each message once, whichever of echo and
 * HTTP answer comes first. What is said of an entry that is gone is passed over.
 */
export interface Outbox {
  /** In the order in which they were added; a new array with each change. */
  readonly entries: readonly OutboxEntry[]
  add(clientMsgId: string, draft: unknown): void
  settle(clientMsgId: string, answer?: unknown): void
  fail(clientMsgId: string, error?: unknown): void
  remove(clientMsgId: string): void
  onChange(watcher: (entries: readonly OutboxEntry[]) => void): () => void
}

export interface Tributary<Events extends object = CatalogEvents> {
  readonly status: Status
  /** With each change; returns what ends it. */
  onStatus(watcher: (status: Status) => void): () => void

  /** Live and replayed. Returns what ends it, as `signal` does. */
  on<Name extends keyof Events & string>(
    name: Name,
    handler: (data: Events[Name], event: TributaryEvent<Events[Name], Name>) => void,
    options?: { signal?: AbortSignal },
  ): () => void
  on<Name extends keyof HubEvents>(
    name: Name,
    handler: (data: HubEvents[Name], event: TributaryEvent<HubEvents[Name], Name>) => void,
    options?: { signal?: AbortSignal },
  ): () => void
  /** `'*'`, all events of the project; or one that the catalog does not list. */
  on(name: string, handler: (data: any, event: TributaryEvent<any>) => void, options?: { signal?: AbortSignal }): () => void

  /** From the call on, until `signal`, `break` or `dispose`. */
  events<Name extends keyof Events & string>(
    name: Name,
    options?: { signal?: AbortSignal },
  ): AsyncIterableIterator<TributaryEvent<Events[Name], Name>>
  events(name: string, options?: { signal?: AbortSignal }): AsyncIterableIterator<TributaryEvent<any>>

  /** What the connection carries is what all tabs and components together want. Nothing, where this one reads all. */
  subscribe(channel: string): void
  unsubscribe(channel: string): void

  /** At once, from any tab; but never before a 429 allows it. */
  reconnect(): void

  readonly send: {
    /** That the user types, or has stopped. Say `start` every few seconds: after 6 s the hub takes it back. */
    typing(state: 'start' | 'stop'): Promise<Response>
  }
  readonly presence: { set(status: 'online' | 'away'): Promise<Response> }
  readonly outbox: Outbox

  /** A request to the hub with project, user and token: `GET`, or `POST` if there is a body. */
  request(path: string, parameters?: Record<string, unknown>, body?: unknown): Promise<Response>

  /** How the tabs share: who they are, who leads, in which term (each hand-over begins one), the last id, and who reads what. */
  readonly tab: {
    id?: string
    leader?: string
    term: number
    last?: number
    tabs: [id: string, channels: string[] | null][]
  }

  /** The last one of a page ends its part after 200 ms. */
  dispose(): void
  [Symbol.dispose](): void
}

/** Objects for the same hub, user and project share one connection, in a page and between tabs. */
export function connect<Events extends object = CatalogEvents>(options: Options): Tributary<Events>
