// One tab's part in a user's stream of a project. Everything that it knows is here; the chapters, which bundle.py puts below, are what
// it does with that.

import { canonical, HUB } from './events.js'
import { enlist, tellEach } from './lists.js'
import { parser } from './parser.js'

export const openTab = (key, base) => {
  const options = {}
  // Components of this page that use it.
  const users = new Set()
  let status = { state: 'disconnected' }
  // Ids by what arrived, not by what is higher: a publisher's ids may come late.
  const seen = new Set()
  // The newest durable frames, and who is present, for tabs that come late.
  const ring = []
  const present = new Map()
  // The id of the last durable event: where the tab is in the timeline.
  let position
  // Frames that wait until what was before them is here; undefined if none has to.
  let waiting
  // Of all tabs: how often they failed, until when nobody connects, and the status then: `{ f, u, s }`.
  let hold = { f: 0 }

  // Who this tab is, and what it holds while it takes part.
  let id, stay, lockManager, isSolo, bus, voice, ticking, lingering
  // Who leads, in which term, and when it was heard last, or by the leader the hub: for ever while it need not be. `reign` is an object
  // while this tab leads.
  let leader, heard, reign, queued
  let term = 0
  // 1 if it has asked the leader, 2 if its own question came back.
  let isProbing, isClaiming
  // Channels by tab; null is all that the user may read.
  const wants = new Map()

  // The leader's connection.
  let aborter, wake, connection, requested, readable, since, isReplaying, isAdjusting, wasAsked

  //= storage.js
  //= outbox.js
  //= transport.js
  //= place.js
  //= stream.js
  //= leadership.js
  //= lease.js
  //= use.js
  // Before the page itself hears of it, and whichever of window and document it is about.
  const reactions = {
    pagehide: leave,
    freeze: leave,
    pageshow: enter,
    resume: enter,
    visibilitychange: probe,
    storage: renew,
    // The network is back: no reason to wait any longer.
    online: () => reign && status.retryIn && reconnect(),
  }
  for (const type in reactions) globalThis.addEventListener?.(type, reactions[type], true)
  // Its pages have the next module's.
  import.meta.hot?.dispose(() => {
    leave()
    users.clear()
  })
  return use
}
