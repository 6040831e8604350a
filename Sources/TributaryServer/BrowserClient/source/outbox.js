// Messages that a page shows before anybody has confirmed them.
//
// An entry is `pending`, then `sent` or `failed` by the HTTP answer, and gone once the stream brings the message itself, whichever
// comes first. So who shows the entries behind the messages shows each message once, at every moment.

const outboxWatchers = new Set()
const drafts = new Map()

const change = (clientMsgId, news) => {
  const known = drafts.get(clientMsgId)
  // Without an entry there is nothing to mark: the echo was here before.
  if (!known && !news?.draft) return
  if (news) drafts.set(clientMsgId, { clientMsgId, ...known, ...news })
  else drafts.delete(clientMsgId)
  outbox.entries = [...drafts.values()]
  tellEach(outboxWatchers, outbox.entries)
}

const outbox = {
  entries: [],
  add: (clientMsgId, draft) => change(clientMsgId, { draft, state: 'pending' }),
  settle: (clientMsgId, answer) => change(clientMsgId, { state: 'sent', answer }),
  fail: (clientMsgId, error) => change(clientMsgId, { state: 'failed', error }),
  remove: clientMsgId => change(clientMsgId),
  onChange: watcher => enlist(outboxWatchers, [watcher]),
}
