// The two ways to read a stream. Each gives batches of frames to `take`, one after the other, the first without any as soon as it is open,
// and ends with the stream.

// Never from the cache, nor through it: Chromium asks twice for what it has begun to keep.
const call = (url, token, signal, more) =>
  fetch(url, { cache: 'no-store', credentials: 'include', headers: token ? { Authorization: 'Bearer ' + token } : {}, signal, ...more })

// What keeps a stream from being one is thrown as `{ status, retry_ms }`.
const check = ({ status, headers }) => {
  const after = headers.get('Retry-After')
  // A proxy's page is no stream.
  if (status != 200 || !/^text\/event/i.test(headers.get('Content-Type')))
    throw { status, retry_ms: after * 1000 || Date.parse(after) - Date.now() || 0 }
}

const fetched = async (url, token, signal) => {
  const response = await call(url, token, signal)
  check(response)
  await take([])
  const reader = response.body.getReader()
  const parse = parser()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    await take(parse(value))
  }
}

const sourced = async (url, token, signal) => {
  if (token) url.searchParams.set('token', token)
  const source = new EventSource(url, { withCredentials: true })
  let order, last
  await new Promise((end, fail) => {
    const read = ({ type, data, lastEventId }) => {
      // A browser repeats the last id with events that have none.
      const i = lastEventId != last && +lastEventId
      last = lastEventId
      if (HUB.includes(type)) JSON.parse(data).events?.map(listen)
      order = order.then(() => take([{ e: type, d: data, i }])).catch(fail)
    }
    // Twice the same counts once.
    const listen = type => source.addEventListener(type, read)
    HUB.map(listen)
    source.onopen = () => (order = take([]))
    source.onerror = signal.onabort = end
  }).finally(() => source.close())
  // It does not say why; this does.
  if (!order) check(await call(url, token, signal, { method: 'HEAD' }))
  await order
}
