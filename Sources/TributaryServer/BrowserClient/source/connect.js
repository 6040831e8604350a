// What pages call.

import { openTab } from './tab.js'

const tabs = new Map()

export const connect = options => {
  const { url = '/', user, project } = options
  const base = new URL((url + '').replace(/\/*$/, '/'), globalThis.document?.baseURI)
  const key = [base, user, project, ''] + ''
  const use = tabs.get(key) ?? openTab(key, base)
  tabs.set(key, use)
  return use(options)
}
