// The format of event streams: bytes in, frames out, however they are cut.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

// Returns a function that takes bytes and returns the frames that they complete: `e` is the event's name, `d` its data as text,
// `i` the id of this very frame: events without one must not move a cursor.
export const parser = () => {
  const decoder = new TextDecoder()
  let rest = ''
  return bytes => {
    // A return at the end may be half of a CRLF.
    const blocks = (rest + decoder.decode(bytes, { stream: true })).replace(/\r\n|\r(?!$)/g, '\n').split('\n\n')
    const frames = []
    rest = blocks.pop()
    for (const block of blocks) {
      const fields = {}
      // Each line with the break before it.
      let d = ''
      for (const line of block.split('\n')) {
        const [field, content = ''] = line.split(/: ?(.*)/s)
        if (field == 'data') d += '\n' + content
        else fields[field] = content
      }
      if (d) frames.push({ e: fields.event || 'message', d: d.slice(1), i: +fields.id })
    }
    return frames
  }
}
