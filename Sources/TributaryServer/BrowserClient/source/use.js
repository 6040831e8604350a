// What one component of a page has of the tab.

// A page that lets go and takes hold again within so long, as React does, keeps its connection.
const LINGER = 200

const use = news => {
  const { channels } = news
  const handlers = new Set()
  const watchers = new Set()
  const wanted = channels && channels != 'all' ? new Set((channels + '').split(',')) : null
  const user = [handlers, watchers, wanted]
  let closed
  const onStatus = watcher => enlist(watchers, [watcher])
  const on = (name, handler, { signal } = {}) => enlist(handlers, [handler, canonical(name)], signal)
  const dispose = () => {
    if (!users.delete(user)) return
    closed = { state: 'closed', reason: 'disposed' }
    tellEach(watchers, closed)
    clearTimeout(lingering)
    lingering = setTimeout(() => (users.size ? want() : leave()), LINGER)
  }
  // The newest component's word counts.
  Object.assign(options, news)
  users.add(user)
  stay ? want() : enter()
  return {
    get status() {
      return closed ?? status
    },
    get tab() {
      return { id, leader, term, last: position, tabs: [...wants] }
    },
    outbox,
    on,
    onStatus,
    events(name, { signal } = {}) {
      const queue = []
      let poke
      const news = () => poke?.()
      const offs = [on(name, (data, event) => news(queue.push(event))), onStatus(news)]
      signal?.addEventListener('abort', news)
      return (async function* () {
        try {
          // What came before the end is still given.
          while (queue[0] || !(closed || signal?.aborted)) {
            if (queue[0]) yield queue.shift()
            else await new Promise(done => (poke = done))
          }
        } finally {
          offs.map(off => off())
        }
      })()
    },
    subscribe(name) {
      wanted?.add(name)
      want()
    },
    unsubscribe(name) {
      wanted?.delete(name)
      setTimeout(want, LINGER)
    },
    reconnect,
    request,
    send: { typing: state => request('typing', {}, { state }) },
    presence: { set: status => request('presence', {}, { status }) },
    dispose,
    [Symbol.dispose]: dispose,
  }
}
