// The connection of the tab that leads: opens it, reads it, opens it again.

// 2.5 heartbeats, as the protocol has it: a stream that brings no byte for so long is dead.
const DEAD = 12500
// What is left of that for a stream that does not open: 5 s.
const GRACE = 7500
const LONGEST = 30000
// A stream that lived for so long shows that the hub is well.
const PROOF = 10000
// Longer than any page lives, and no longer than a timer can be.
const FOREVER = 2e9
// How long, is filled in when it is told.
const LIMITED = { state: 'limited', retryIn: 1 }

const run = async mine => {
  while (reign == mine) {
    const before = hold
    const wait = hold.u - Date.now()
    connection = 0
    heard = since = Infinity
    if (wait > 0) {
      tell(hold.s)
      await pause(Math.min(wait, FOREVER))
    } else {
      if (!hold.f) tell({ state: 'connecting' })
      const problem = await attempt(mine).catch(problem => problem)
      // Unless somebody asked for a new beginning.
      if (reign == mine && hold == before) decide(problem ?? {})
    }
  }
}

// What follows from a stream's end. All tabs know it, so that the next leader keeps to it.
const decide = ({ reason, reconnect, retry_ms = 0, status }) => {
  const fails = Date.now() - since > PROOF ? 0 : hold.f
  const backoff = Math.min(LONGEST, 1000 * 2 ** fails)
  // This tab leads: so it was replaced by itself, the hub not having noticed yet that the old connection was gone.
  if (reason == 'replaced') reconnect = retry_ms = 100 + 300 * Math.random()
  let delay = Math.max(retry_ms, Math.random() * backoff)
  let news = { state: 'reconnecting', attempt: fails + 1, retryIn: 1 }
  if (reconnect) delay = fails ? delay : retry_ms
  else if (status == 429) {
    delay = Math.max(retry_ms, backoff)
    news = LIMITED
    // For a page that is loaded meanwhile.
    save(SHARED, 'until', Date.now() + delay)
  } else if (/40[13]/.test(status)) {
    if (options.token && !wasAsked) delay = 0
    else news = { state: 'blocked', status }
    wasAsked = true
  } else if (reason || status == 204 || isFinal(status)) news = { state: 'closed', reason: reason ?? (status == 204 ? 'no_content' : 'refused'), status }
  hold = { f: fails + 1, u: Date.now() + (news.retryIn ? delay : FOREVER), s: news }
}

const attempt = async mine => {
  const token = await options.token?.()
  if (reign != mine) return
  // One for the whole browser, so that a new leader's stream replaces the old one's.
  const instance = isSolo ? id : load(SHARED, 'instance') ?? id
  save(SHARED, 'instance', instance)
  requested = union()
  aborter = new AbortController()
  heard = Date.now() - GRACE
  const url = address('stream', {
    channels: requested,
    client_instance_id: instance,
    from_seq: position,
    heartbeat: 'event',
    heartbeat_ms: 5000,
  })
  await (options.transport == 'eventsource' ? sourced : fetched)(url, token, aborter.signal).finally(stop)
}

const take = async frames => {
  const signal = aborter.signal
  let ready = []
  // To the other tabs first, for this one's handlers may take their time.
  const share = list => {
    // Another tab leads meanwhile, and reads the same.
    if (signal.aborted) throw {}
    say('ev', { e: list })
    deliver(list)
    ready = []
    renew()
  }
  heard = Date.now()
  for (const frame of frames) {
    const { e } = frame
    const content = HUB.includes(e) && JSON.parse(frame.d)
    if (e == 'connected') {
      since = Date.now()
      connection = content.connection_id
      readable = content.channels
      isReplaying = content.from_seq != null
      position = +(position ?? content.latest_seq ?? 0)
      wasAsked = false
      hold.u = 0
      tell({ state: 'connected', leader: true })
    }
    if (e == 'replay.end') isReplaying = false
    if (content.reason == 'replay_limit') {
      share(ready)
      // Meanwhile nothing is read, and the hub keeps what is live. A gap that was filled is none.
      heard = Infinity
      const isFilled = await page(position, content.to, share)
      heard = Date.now()
      if (isFilled) continue
    }
    frame.r = isReplaying
    ready.push(frame)
    if (e == 'server_close') {
      share(ready)
      throw content
    }
  }
  if (ready[0]) share(ready)
}

// Brings the open stream's channels in line with what the tabs want.
const adjust = async () => {
  const wanted = union()
  if (!reign || !connection || isAdjusting || wanted + '' == requested + '') return
  isAdjusting = true
  const response = await request('stream/' + connection + '/channels', {}, {
    add: wanted ?? ['all'],
    remove: (requested?.[0] ? requested : readable).filter(channel => wanted && !wanted.includes(channel)),
  }).catch(() => ({}))
  isAdjusting = false
  // A refusal stays one; what else went wrong is tried again.
  if (response.ok || isFinal(response.status)) requested = wanted
}

// From any tab. 429 stays what it is: its time is the hub's to say.
const reconnect = () => {
  if (!reign) return say('force')
  wasAsked = false
  if (status.state != 'limited') hold = { f: 0 }
  stop()
}

const stop = () => {
  aborter?.abort()
  wake?.()
}
