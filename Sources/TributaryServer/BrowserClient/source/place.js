// How frames reach the page, and how a tab gets what it has not seen.

// Enough for a tab that comes late.
const RING = 500
// And for one that stood still for a while.
const SEEN = 10000

const address = (path, parameters) => {
  const url = new URL(path, base)
  const all = { project_id: options.project, user_id: options.user, ...parameters }
  for (const name in all) if (all[name] != null) url.searchParams.set(name, all[name])
  return url
}

const request = async (path, parameters, content) =>
  call(
    address(path, parameters),
    await options.token?.(),
    AbortSignal.timeout(15000),
    content && { method: 'POST', body: JSON.stringify(content) },
  )

// The request is wrong, and will be.
const isFinal = status => /^4(?!08|25|29)/.test(status)

// A duplicated tab begins with a copy of the other's place, which is not its own.
const place = () => (lockManager ? id : 'at')

// Hands frames to all who listen, in the stream's order.
const deliver = frames => {
  for (const frame of frames) {
    const { e, d, i, r } = frame
    if (i) {
      position = i
      if (seen.has(i)) continue
      const [oldest] = seen.add(i)
      if (seen.size > SEEN) seen.delete(oldest)
      if (ring.push(frame) > RING) ring.shift()
    }
    const name = canonical(e)
    const data = JSON.parse(d)
    const event = { name, type: e, id: i || undefined, data, replayed: !!r, raw: d }
    // The new log may give the old one's ids again.
    if (e == 'gap' && data.reason == 'log_reset') seen.clear()
    if (name == 'presence.snapshot') present.clear()
    if (/^presence/.test(name) && present.size < RING) present.set(data?.userId, { e, d })
    outbox.remove(data?.client_msg_id)
    for (const [handlers] of users) tellEach([...handlers].filter(([, on]) => on == name || (on == '*' && !HUB.includes(name))), data, event)
  }
  // Where this tab is, and where one that is alone goes on after a restart.
  if (position != null) {
    save(OWN, place(), position)
    if (reign) save(SHARED, 'at', position)
  }
}

// The durable events behind an id, up to another one if it is given, page by page. False if the hub refuses to say.
const page = async (after, to, take) => {
  for (;;) {
    const response = await request('history', { channels: union(), after, limit: 1000 })
    if (isFinal(response.status)) return
    const { events, more } = await response.json()
    take(events.map(({ id, event, data }) => ({ e: event, d: JSON.stringify(data), i: id, r: 1 })))
    after = events.at(-1)?.id
    if (!more || !after || events.some(({ id }) => id > to)) return true
  }
}

const catchUp = () => {
  deliver(waiting ?? [])
  waiting = undefined
}
