// One of a user's tabs leads and has the connection, the others follow. The lock's queue decides, or a lease where there are no locks;
// what the tabs tell each other is beside it, so that a leader that hangs is noticed and a new one knows where to go on.
//
// A message is `{ v: 1, t: type, f: tab, n: term }` and:
//   want   c: channels (null is all), j: wants to be told what it missed
//   sync   to: tab, s: status, h: hold, c: channels by tab, e: frames, b: who is present, p: place
//   lead   c: the tabs that it knows     ev   e: frames     status s: status, h: hold      alive probe force bye

// A visible follower that hears nothing for so long asks.
const SILENCE = 4000
// And does not wait longer for the answer.
const PATIENCE = 1500
// A leader whose hub is silent for longer, a heartbeat and a second, gives way.
const STALE = 6000

// By another object than the one that hears: so a tab hears itself, if the channel works at all.
const say = (t, more) => voice?.postMessage({ v: 1, t, f: id, n: term, ...more })

const setStatus = news => {
  if (isSolo) news.solo = true
  if (JSON.stringify(news) == JSON.stringify(status)) return
  status = news
  for (const { watchers } of users) for (const [watcher] of [...watchers]) watcher(news)
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
  const found = await identify(mine)
  if (stay != mine) return
  id = found
  isSolo = !globalThis.BroadcastChannel || (!lockManager && !save(SHARED, 'test', 1))
  const [owner, place] = load(OWN, 'at')?.split(' ') ?? []
  // A duplicated tab begins with a copy of the other's place, which is not its own.
  if (place && (owner == id || !lockManager)) position ??= +place
  heard = Date.now()
  waiting = []
  if (!isSolo) {
    bus = new BroadcastChannel(key)
    voice = new BroadcastChannel(key)
    bus.onmessage = ({ data }) => data.v == 1 && hear(data, data.f, data.t)
  }
  ticking = setInterval(tick, 500)
  want()
  contend()
}

const end = ({ signal }) => new Promise(done => signal.addEventListener('abort', done))

// An id that a reload keeps and a duplicated tab does not share: it is held as a lock.
const identify = async mine => {
  const take = name =>
    new Promise(done =>
      lockManager
        ?.request(key + name, { signal: AbortSignal.timeout(150) }, () => {
          save(OWN, 'tab', name)
          done(name)
          return end(mine)
        })
        .catch(() => done()) ?? done(),
    )
  const found = (await take(load(OWN, 'tab') ?? randomID())) ?? (await take(randomID()))
  // Not even locks are for everybody: a sandboxed page is refused.
  if (!found) lockManager = undefined
  return found ?? randomID()
}

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
  position ??= load(SHARED, 'at') ?? options.from
  catchUp()
  run(reign)
  say('lead', { c: [...wants.keys()] })
}

const resign = () => {
  queued?.abort()
  if (!reign) return
  reign = undefined
  heard = Date.now()
  stop()
  if (lease()[0] == id) save(SHARED, 'lease', '')
}

const giveWay = () => {
  if (!reign) return
  resign()
  if (lockManager) contend()
}

const hear = (message, from, type) => {
  if (from == id) hearsItself = true
  else if (type == 'want') {
    note(from, message.c)
    adjust()
    if (reign && message.j) say('sync', { to: from, s: status, h: hold, c: [...wants], e: ring, b: [...present.values()], p: position })
  } else if (type == 'bye') {
    forget(from)
    if (from == leader) claim()
  } else if (type == 'force') reign && reconnect()
  else if (type == 'probe') reign && answer()
  // Who says something in an older term leads no more, and does not know it yet; the new leader reads the same.
  else if (message.n > term || (message.n == term && !reign)) follow(message, from, type)
}

// A leader's word.
const follow = (message, from, type) => {
  giveWay()
  term = message.n
  leader = from
  heard = Date.now()
  isProbing = false
  // Twenty tabs that all speak at once would cost more than the hand-over.
  if (type == 'lead') (waiting || !message.c.includes(id)) && greet()
  else if (type == 'ev') waiting ? waiting.push(...message.e) : deliver(message.e)
  else if (message.s) {
    hold = message.h
    setStatus(message.s.leader ? { ...message.s, leader: false } : message.s)
    if (message.to == id && waiting) join(message)
  }
}

// Says what this tab reads, and whether it has to be told what it missed.
const greet = () => say('want', { c: wants.get(id), j: !!waiting })

// All that the leader kept, or what lies behind this tab's place. If that fell off, it is in the log.
const join = async ({ c, e, b, p }) => {
  const after = position ?? (load(SHARED, 'at') ? undefined : options.from)
  const index = e.findIndex(({ i }) => i == after)
  for (const [other, channels] of c) if (!wants.has(other)) note(other, channels)
  if (after != null && after != p && index < 0) await page(after, undefined, deliver).catch(() => {})
  deliver([...(after == p ? [] : e.slice(index + 1)), ...b].map(frame => ({ ...frame, r: 1 })))
  position = p
  catchUp()
}

// A frozen page still answers, but reads no stream: only a younger word of the hub's proves that it lives.
const answer = () => {
  if (!connection || Date.now() - heard < STALE) return say('alive')
  resign()
  // No sooner than the page runs again.
  setTimeout(() => stay && contend())
}

const tick = () => {
  if (reign || Date.now() - heard > SILENCE + 500 * Math.random()) probe()
  if (!connection) renew()
}

// Only a tab that is looked at asks: a hidden one's timers are late, and it would suspect others of its own sleep.
const probe = () => {
  if (reign) {
    if (Date.now() - heard > DEAD) stop()
    adjust()
  } else if (!document.hidden && !isProbing) {
    hearsItself = false
    isProbing = true
    say('probe')
    setTimeout(() => {
      // Where not even its own word came back, the channel's silence says nothing about the leader.
      if (isProbing && hearsItself && stay && !reign) contend(true)
      isProbing = false
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
}

// What the components of this page read. While nobody is left, for a moment, nothing changes.
const want = () => {
  const lists = [...users].map(({ channels }) => channels && [...channels])
  const wanted = lists.includes(null) ? null : lists.flat()
  if (!users.size || (wants.has(id) && wanted + '' == wants.get(id) + '')) return
  wants.set(id, wanted)
  greet()
  adjust()
}

// What all tabs read; undefined is everything.
const union = () => {
  const lists = [...wants.values()]
  return lists.includes(null) ? undefined : [...new Set(lists.flat())].sort()
}

// The page goes, sleeps, or is put aside: another tab leads at once.
const leave = () => {
  resign()
  say('bye')
  clearInterval(ticking)
  stay?.abort()
  bus?.close()
  voice?.close()
  queued = stay = voice = leader = undefined
  wants.clear()
  setStatus({ state: 'disconnected' })
}
