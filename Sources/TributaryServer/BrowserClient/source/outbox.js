// Messages that a page shows before anybody has confirmed them.
//
// An entry is `pending`, then `sent` or `failed` by the HTTP answer, and gone once the stream brings the message itself, whichever
// comes first. So who shows the entries behind the messages shows each message once, at every moment.

export const makeOutbox = () => {
  const watchers = new Set()
  const change = (clientMsgId, news) => {
    const known = outbox.entries.find(entry => entry.clientMsgId == clientMsgId)
    // Without an entry there is nothing to mark: the echo was here before.
    if (!known && !news?.draft) return
    const entry = { clientMsgId, ...known, ...news }
    outbox.entries = outbox.entries.flatMap(other => (other != known ? other : news ? entry : [])).concat(known ? [] : entry)
    for (const watcher of [...watchers]) watcher(outbox.entries)
  }
  const outbox = {
    entries: [],
    add: (clientMsgId, draft) => change(clientMsgId, { draft, state: 'pending' }),
    settle: (clientMsgId, answer) => change(clientMsgId, { state: 'sent', answer }),
    fail: (clientMsgId, error) => change(clientMsgId, { state: 'failed', error }),
    remove: clientMsgId => change(clientMsgId),
    onChange(watcher) {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
  }
  return outbox
}
