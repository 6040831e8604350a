// What a page may keep. Storage throws where the person or a sandbox forbids it, at any time: then nothing is kept.

// Shared by the tabs of an origin.
const SHARED = 'localStorage'
// The tab's own. A reload keeps it, and a duplicated tab begins with a copy.
const OWN = 'sessionStorage'

const load = (kind, name) => {
  try {
    return globalThis[kind].getItem(key + name) ?? undefined
  } catch {}
}

// Whether it was kept.
const save = (kind, name, content) => {
  try {
    globalThis[kind].setItem(key + name, content)
    return true
  } catch {}
}

// 128 random bits. `crypto.randomUUID` is missing on plain http.
const randomID = () => Date.now() + '-' + Math.random()

// Or until `wake` is called: only one at a time waits, who leads or who wants to.
const pause = ms => new Promise(done => setTimeout((wake = done), ms))
