// What a person sees of the project: decided here, without a page and without a hub.

export class Room {
  people = new Map();
  typing = new Set();
  jobs = new Map();
  #messages = new Map();

  constructor(user) { this.user = user; }

  // MARK: Messages

  /** A message from the stream, or from what was before. One that is there already is not there twice. */
  message(data, id) {
    const key = data.client_msg_id ?? data.messageId ?? id, user = String(data.userId ?? 'somebody');
    this.typing.delete(user);
    if (this.#messages.has(key)) return;
    const time = new Date(data.timestamp ?? Date.now()).getTime();
    this.#messages.set(key, { key, id: Number(id), user, text: String(data.content?.text ?? ''), time, state: 'sent' });
  }

  /** What there is to read: the messages, and behind them those of the outbox that nobody else has seen yet. */
  shown(outbox) {
    const waiting = outbox.filter(entry => !this.#messages.has(entry.clientMsgId)).map(({ clientMsgId, draft, state }) => ({
      key: clientMsgId, user: this.user, text: draft.text, time: draft.time, state,
    }));
    return [...[...this.#messages.values()].sort((one, other) => one.id - other.id), ...waiting];
  }

  // MARK: People

  everybody(users) { this.people = new Map(users.map(({ userId, status }) => [userId, status])); }

  person(userId, status) {
    if (status === 'offline') {
      this.people.delete(userId);
      this.typing.delete(userId);
    } else this.people.set(userId, status);
  }

  types(userId, isTyping) {
    if (isTyping && userId !== this.user) this.typing.add(userId);
    else this.typing.delete(userId);
  }

  // MARK: Jobs

  /** A job that has ended is shown for a while: `until` is when that is over. */
  job(data, state, now = Date.now()) {
    const before = this.jobs.get(data.id);
    // What comes late does not bring a job back.
    if (state === 'running' && before && before.state !== 'running') return;
    this.jobs.set(data.id, {
      id: data.id, task: data.task_type ?? before?.task ?? 'job', state,
      progress: state === 'completed' ? 100 : data.progress ?? before?.progress ?? 0,
      until: now + (state === 'running' ? 60000 : 6000),
    });
    this.sweep(now);
  }

  /** @returns whether anything went */
  sweep(now = Date.now()) {
    const over = [...this.jobs.values()].filter(job => job.until < now);
    for (const { id } of over) this.jobs.delete(id);
    return over.length > 0;
  }
}
