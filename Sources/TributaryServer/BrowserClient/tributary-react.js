// Tributary's hooks for React 18 and newer. The module asks for `react` and for the client beside it, nothing else.

import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react'
import { connect } from './tributary.js'

const AWAY = { state: 'disconnected' }
const nothing = () => {}

// The hub while the component is there, null before its first effect. Effects that run twice, as in StrictMode, and components that come
// and go share one connection; other channels change it without a reconnect.
export const useTributary = options => {
  const [hub, setHub] = useState(null)
  const newest = useRef(options)
  newest.current = options
  const { url, user, project, transport, channels } = options
  const list = channels && String(channels)
  useEffect(() => {
    // The newest render's function is the one that is asked.
    const { token } = newest.current
    const made = connect({ ...newest.current, token: token && (() => newest.current.token()) })
    setHub(made)
    return () => made.dispose()
  }, [url, user, project, transport, list])
  return hub
}

// Calls the newest render's handler with each event of that name.
export const useEvent = (hub, name, handler) => {
  const newest = useRef(handler)
  useLayoutEffect(() => {
    newest.current = handler
  })
  useEffect(() => hub?.on(name, (data, event) => newest.current(data, event)), [hub, name])
}

// The hub's status, as it changes.
export const useStatus = hub =>
  useSyncExternalStore(
    hub?.onStatus ?? nothingToWatch,
    () => hub?.status ?? AWAY,
    () => AWAY,
  )

const nothingToWatch = () => nothing
