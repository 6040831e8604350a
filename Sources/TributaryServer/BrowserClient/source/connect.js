// What pages call.

import { openTab } from './tab.js'

const tabs = new Map()

export const connect = options => {
  const base = new URL(((options.url ?? '') + '/').replace(/\/+$/, '/'), globalThis.document?.baseURI)
  // The last is the version of what tabs say to each other.
  const key = [base, options.user, options.project, 1] + ''
  const use = tabs.get(key) ?? openTab(key, base)
  tabs.set(key, use)
  return use(options)
}
