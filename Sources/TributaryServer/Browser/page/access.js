// Requests to the hub, with the operator's token where one is needed. It is kept for this tab alone, and never in an address.

const key = 'tributary.token';
/** Where the hub is: the page's own address, also under a prefix that a proxy adds. */
export const hub = new URL('..', import.meta.url).href.replace(/\/$/, '');

let token = read();
function read() {
  try { return sessionStorage.getItem(key) ?? ''; } catch { return ''; }
}

export const access = {
  get token() { return token; },
  set token(value) {
    token = value;
    // Where storage is refused the token lasts as long as the page.
    try { if (value) sessionStorage.setItem(key, value); else sessionStorage.removeItem(key); } catch {}
  },
  /** The hub answered the page itself with 401: there is no need to ask once more to know. */
  get isNeeded() { return !token && performance.getEntriesByType('navigation')[0]?.responseStatus === 401; },
};

/** Asks the hub, or tells it `body`; gives JSON, or throws the hub's refusal, or what `fetch` throws where nobody answers. */
export async function ask(path, body) {
  const answer = await fetch(`${hub}/${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { ...(token && { authorization: `Bearer ${token}` }), ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(10000),
    cache: 'no-store',
  });
  const json = await answer.json().catch(() => null);
  if (!answer.ok) {
    const { status } = answer;
    throw Object.assign(new Error(json?.message ?? `The hub answered ${status}.`), { status, code: json?.error });
  }
  return json;
}
