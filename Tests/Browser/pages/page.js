// A page that keeps a record of what the client tells it. Each test says with what options.
import * as client from '/client/tributary.js'

const now = () => performance.timeOrigin + performance.now()

window.client = client
window.errors = []
addEventListener('error', event => errors.push(String(event.error ?? event.message)))
addEventListener('unhandledrejection', event => errors.push(String(event.reason)))

// What survives a reload: one record per load of the tab.
window.start = (options, name = 'hub') => {
  const record = { events: [], statuses: [], gaps: [] }
  const hub = client.connect(options)
  record.statuses.push([now(), hub.status])
  hub.onStatus(status => record.statuses.push([now(), status]))
  hub.on('gap', ({ reason }) => record.gaps.push(reason))
  hub.on('*', (data, event) => {
    record.events.push({ at: now(), name: event.name, type: event.type, id: event.id, data, replayed: event.replayed })
    // Kept where a reload does not reach, at once: what was handled, was handled.
    if (window.keep && event.id) {
      const list = JSON.parse(sessionStorage.getItem('handled') ?? '[]')
      list.push(event.id)
      sessionStorage.setItem('handled', JSON.stringify(list))
    }
  })
  window[name] = hub
  window[name + 'Record'] = record
}
const wanted = new URLSearchParams(location.search).get('options')
if (new URLSearchParams(location.search).has('keep')) window.keep = true
if (wanted) start(JSON.parse(wanted))
window.isReady = true
