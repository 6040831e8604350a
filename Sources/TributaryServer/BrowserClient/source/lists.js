// Who listens: each entry is an array of its own, for the same function may be there twice.

// Returns what takes the entry off again, as an abort of the signal does.
export const enlist = (list, entry, signal) => {
  const off = () => list.delete(entry)
  if (!signal?.aborted) list.add(entry)
  signal?.addEventListener('abort', off)
  return off
}

// Who is taken off meanwhile is still told, and one's mistake is not the others'.
export const tellEach = (list, ...news) => {
  for (const [told] of [...list])
    try {
      told(...news)
    } catch (mistake) {
      reportError(mistake)
    }
}
