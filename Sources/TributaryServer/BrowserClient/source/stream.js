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

const run = async mine => {
  while (reign == mine) {
    const before = hold
    const wait = hold.until - Date.now()
    connection = 0
    heard = Infinity
    if (wait > 0) {
      tell(hold.status)
      await pause(wait)
      continue
    }
    since = 0
    // First the request, then the word to the others: twenty tabs that listen take their time.
    const outcome = attempt(mine).catch(problem => problem)
    if (!hold.fails) tell({ state: 'connecting' })
    const problem = await outcome
    // Unless somebody asked for a new beginning.
    if (reign == mine && (hold == before || since)) decide(problem)
  }
}

// What follows from a stream's end. All tabs know it, so that the next leader keeps to it.
const decide = ({ reason, reconnect, retry_ms, status, wait = 0 } = {}) => {
  const fails = since && Date.now() - since > PROOF ? 0 : hold.fails
  const backoff = Math.min(LONGEST, 1000 * 2 ** fails)
  let delay = Math.max(wait, Math.random() * backoff)
  let news = { state: 'reconnecting', attempt: fails + 1 }
  const end = last => {
    news = last
    delay = FOREVER
  }
  // This tab leads: so it was replaced by itself, the hub not having noticed yet that the old connection was gone.
  if (reason == 'replaced') reconnect = retry_ms = 100 + 300 * Math.random()
  if (reconnect) delay = Math.max(retry_ms, fails && delay)
  else if (status == 429) {
    delay = Math.max(wait, backoff)
    news = { state: 'limited' }
  } else if (status == 401 || status == 403) {
    if (options.token && !wasAsked) delay = 0
    else end({ state: 'blocked', status })
    wasAsked = true
  } else if (reason) end({ state: 'closed', reason })
  else if (status == 204) end({ state: 'closed', reason: 'no_content' })
  else if (isFinal(status)) end({ state: 'closed', reason: 'refused', status })
  if (delay < FOREVER) news.retryIn = delay
  hold = { fails: fails + 1, until: Date.now() + delay, status: news }
}

const attempt = async mine => {
  const token = await options.token?.()
  if (reign != mine) return
  // One for the whole browser, so that a new leader's stream replaces the old one's.
  const instance = (!isSolo && load(SHARED, 'instance')) || id
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
      position ??= content.latest_seq ?? 0
      wasAsked = false
      hold = { fails: hold.fails, until: 0 }
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
    // The new log may give the old one's ids again.
    if (content.reason == 'log_reset') seen.clear()
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
    remove: (requested ?? readable).filter(channel => wanted && !wanted.includes(channel)),
  }).catch(() => ({}))
  isAdjusting = false
  // A refusal stays one; what else went wrong is tried again.
  if (response.ok || isFinal(response.status)) requested = wanted
}

// From any tab. 429 stays what it is: its time is the hub's to say.
const reconnect = () => {
  if (!reign) return say('force')
  wasAsked = false
  if (status.state != 'limited') hold = { fails: 0, until: (since = 0) }
  stop()
}

const stop = () => {
  aborter?.abort()
  wake?.()
}
