// One of a user's tabs leads and has the connection, the others follow. The lock's queue decides, or a lease where there are no locks;
// what the tabs tell each other is beside it, so that a leader that hangs is noticed and a new one knows where to go on.
//
// A message is `{ t: type, f: tab, n: term }` and:
//   want   c: channels (null is all), j: wants to be told what it missed
//   sync   to: tab, s: status, h: hold, c: channels by tab, e: frames, b: who is present, p: place
//   lead   c: the tabs that it knows     ev   e: frames     status s: status, h: hold      probe force bye

// A visible follower that hears nothing for so long asks.
const SILENCE = 4000
// And does not wait longer for the answer.
const PATIENCE = 1500
// A leader whose hub is silent for longer, a heartbeat and a second, gives way.
const STALE = 6000

// By another object than the one that hears: so a tab hears itself, if the channel works at all.
const say = (t, more) => voice?.postMessage({ t, f: id, n: term, ...more })

const setStatus = ({ ...news }) => {
  if (isSolo) news.solo = true
  // Others say what they are.
  if (news.leader) news.leader = !!reign
  // What is left of it.
  if (news.retryIn) news.retryIn = hold.u - Date.now()
  if (JSON.stringify(news) == JSON.stringify(status)) return
  status = news
  for (const [, watchers] of users) tellEach(watchers, news)
}

const tell = news => {
  setStatus(news)
  say('status', { s: news, h: hold })
}

const enter = async () => {
  if (stay || !users.size || !globalThis.document) return
  const mine = (stay = new AbortController())
  lockManager = navigator.locks
  setStatus({ state: 'connecting' })
  // An id that a reload keeps and a duplicated tab does not share: it is held as a lock.
  const take = (name = randomID()) =>
    new Promise((done, fail) =>
      lockManager
        .request(key + name, { signal: AbortSignal.timeout(150) }, () => {
          save(OWN, 'tab', name)
          done(name)
          return end(mine)
        })
        .catch(fail),
    )
  const found = await take(load(OWN, 'tab'))
    .catch(() => take())
    // Not even locks are for everybody: a sandboxed page is refused.
    .catch(() => {
      lockManager = undefined
      return randomID()
    })
  if (stay != mine) return
  id = found
  isSolo = !globalThis.BroadcastChannel || (!lockManager && !save(SHARED, 'tab', 1))
  position ??= load(OWN, place())
  hold = { u: load(SHARED, 'until'), s: LIMITED, ...hold }
  heard = Date.now()
  waiting = []
  if (!isSolo) {
    voice = new BroadcastChannel(key)
    bus = new BroadcastChannel(key)
    bus.onmessage = ({ data }) => hear(data, data.f, data.t)
  }
  ticking = setInterval(() => {
    if (reign || Date.now() - heard > SILENCE + 500 * Math.random()) probe()
    if (!connection) renew()
  }, 500)
  want()
  contend()
}

const end = ({ signal }) => new Promise(done => (signal.onabort = done))

// Asks to lead.
const contend = steal => {
  if (isSolo) return lead()
  if (!lockManager) return claim(steal)
  queued?.abort()
  const mine = (queued = new AbortController())
  const { signal } = mine
  lockManager
    .request(key, steal ? { steal } : { signal }, () => {
      if (signal.aborted) return
      lead()
      return end(mine)
    })
    // Stolen: whoever did it leads, and this tab waits again.
    .catch(() => signal.aborted || giveWay())
}

// Terms are times, which grow by themselves.
const lead = () => {
  reign = {}
  leader = id
  term = Math.max(term + 1, Date.now())
  // Nobody has told it what it missed; the hub will, from its place on.
  if (position != null) waiting = waiting?.filter(({ i }) => !i)
  catchUp()
  position ??= load(SHARED, 'at') ?? options.from
  run(reign)
  say('lead', { c: [...wants.keys()] })
}

const resign = () => {
  queued?.abort()
  if (!reign) return
  reign = undefined
  heard = Date.now()
  stop()
  if (load(SHARED, 'lease') == id) save(SHARED, 'signed', 0)
}

const giveWay = () => {
  if (!reign) return
  resign()
  contend()
}

const hear = (message, from, type) => {
  if (from == id) isProbing &&= 2
  else if (type == 'want') {
    note(from, message.c)
    if (reign && message.j) say('sync', { to: from, s: status, h: hold, c: [...wants], e: ring, b: [...present.values()], p: position })
  } else if (type == 'bye') {
    forget(from)
    if (from == leader) claim()
  } else if (type == 'force') reign && reconnect()
  else if (type == 'probe') {
    // A frozen page still answers, but reads no stream: only a younger word of the hub's proves that it lives.
    if (!reign) return
    // Where this page is hidden its timers are late, and what they wait for may be due.
    probe()
    wake?.()
    if (!connection || Date.now() - heard < STALE) tell(status)
    else giveWay()
  }
  // Who says something in an older term leads no more, and does not know it yet; the new leader reads the same.
  else if (message.n > term - !reign) {
    giveWay()
    term = message.n
    leader = from
    heard = Date.now()
    isProbing = 0
    // Twenty tabs that all speak at once would cost more than the hand-over.
    if (type == 'lead') (waiting || !message.c.includes(id)) && greet()
    else if (type == 'ev') waiting ? waiting.push(...message.e) : deliver(message.e)
    else {
      hold = message.h
      setStatus(message.s)
      if (message.to == id && waiting) join(message)
    }
  }
}

// Says what this tab reads, and whether it has to be told what it missed.
const greet = () => say('want', { c: wants.get(id), j: !!waiting })

// All that the leader kept, or what lies behind this tab's place. If that fell off, it is in the log.
const join = async ({ c, e, b, p }) => {
  const after = position ?? (load(SHARED, 'at') ? undefined : options.from)
  const index = e.findIndex(({ i }) => i == after)
  c.map(([other, channels]) => wants.has(other) || note(other, channels))
  if (after != null && after != p && index < 0 && !(await page(after, undefined, deliver).catch(() => {})))
    deliver([{ e: 'gap', d: '{"reason":"log_unavailable"}' }])
  deliver([...e.slice(after == p ? RING : index + 1), ...b].map(frame => ({ ...frame, r: 1 })))
  position = p ?? position
  catchUp()
}

// Only a tab that is looked at asks: a hidden one's timers are late, and it would suspect others of its own sleep.
const probe = () => {
  if (reign) {
    if (Date.now() - heard > DEAD) stop()
    adjust()
  } else if (!document.hidden && !isProbing) {
    isProbing = 1
    say('probe')
    setTimeout(() => {
      // Where not even its own word came back, the channel's silence says nothing about the leader.
      if (isProbing > 1 && stay && !reign) contend(true)
      isProbing = 0
    }, PATIENCE + 500 * Math.random())
  }
}

const forget = other => {
  wants.delete(other)
  adjust()
}

// A tab that crashes says no good-bye, but its lock is free then.
const note = (other, channels) => {
  if (!wants.has(other)) lockManager?.request(key + other, { signal: stay.signal }, () => forget(other)).catch(() => {})
  wants.set(other, channels)
  adjust()
}

// What the components of this page read. While nobody is left, for a moment, nothing changes.
const want = () => {
  const wanted = together([...users].map(([, , channels]) => channels && [...channels]))
  if (!users.size || wanted + '' == wants.get(id) + '') return
  note(id, wanted)
  greet()
}

// Null is everything.
const together = lists => (lists.includes(null) ? null : [...new Set(lists.flat())].sort())

// What all tabs read.
const union = () => together([...wants.values()])

// The page goes, sleeps, or is put aside: another tab leads at once.
const leave = () => {
  resign()
  say('bye')
  clearInterval(ticking)
  stay?.abort()
  bus?.close()
  voice?.close()
  queued = stay = voice = leader = null
  wants.clear()
  setStatus({ state: 'disconnected' })
}
