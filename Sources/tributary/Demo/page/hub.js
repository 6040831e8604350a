// What the chat asks the hub beside its stream.

export const project = 'demo';
/** Where the hub is, also under a prefix that a proxy adds. */
export const url = new URL('..', import.meta.url).href;

/** The answer's JSON, or an error in the hub's words. */
export async function result(answer) {
  const { ok, status } = await answer;
  const json = await (await answer).json().catch(() => null);
  if (!ok) throw Object.assign(new Error(json?.message ?? `The hub answered ${status}.`), { status });
  return json;
}

/** Who the hub takes us for: whom we name, where it asks nobody. */
export const preflight = (user, token) => result(fetch(
  new URL(`stream?project_id=${project}${token ? '' : `&user_id=${encodeURIComponent(user)}`}`, url),
  { method: 'POST', headers: token ? { authorization: `Bearer ${token}` } : {} },
));

/** Every message that was sent before, the oldest first. */
export async function* history(hub) {
  for (let after = 0, more = true; more;) {
    const page = await result(hub.request('history', { channel: 'chat', limit: 1000, after }));
    yield* page.events;
    more = page.more && page.events.length > 0;
    after = page.events.at(-1)?.id;
  }
}

/** Pages over plain HTTP have no `crypto.randomUUID`. */
export const unique = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
