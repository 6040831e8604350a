import { connect } from '../client/tributary.js';
import { access, hub as url } from './access.js';
import { $, list, make, number, say, tabs } from './dom.js';
import { Sampler } from './figures.js';
import { cut, tree } from './json.js';
import { Ring, Rows } from './rows.js';

/** 1,000 rows: more than anybody scrolls through, and small enough to keep however long the page is open. */
const ring = new Ring(1000);
const sampler = new Sampler();
const rows = new Rows($('rows'), $('space'), ring, show);
let hub = null, needle = '', isPaused = false, skipped = 0, came = 0;

/** What another part of the page wants to know when the shared stream changes. */
export const inspecting = { hub: null, changed() {} };

/** Runs for each event, thousands a second: it counts, and keeps what is shown. */
function receive(data, event) {
  came += 1;
  if (needle && !matches(event)) return;
  const now = Date.now();
  if (!sampler.take(now)) return;
  if (isPaused) { skipped += 1; return; }
  ring.push({ time: now, name: event.type, id: event.id, raw: event.raw, data, replayed: event.replayed });
  rows.draw();
}

const matches = event =>
  event.type.toLowerCase().includes(needle) || event.raw.toLowerCase().includes(needle) || String(event.id ?? '') === needle;

function show(item) {
  $('hint').hidden = true;
  list($('about'), [
    ['Event', item.name], ['Id', item.id ? String(item.id) : 'none: ephemeral'],
    ['Came', `${new Date(item.time).toISOString().slice(11, 23)}${item.replayed ? ', replayed' : ''}`],
  ]);
  $('parsed').querySelector('.tree')?.remove();
  $('parsed').append(tree(item.data));
  const lines = [...(item.id ? [`id: ${item.id}`] : []), `event: ${item.name}`, ...item.raw.split('\n').map(line => `data: ${line}`)];
  $('raw').firstChild.textContent = cut(lines.join('\n'));
}

// MARK: What to subscribe to

/** The channels that the hub has, as boxes to tick; called again when there are others. */
export function offer(names) {
  const chosen = $('chosen');
  if (chosen.dataset.names === names.join()) return;
  chosen.dataset.names = names.join();
  chosen.replaceChildren(...names.map(name => make('label', {},
    make('input', { type: 'checkbox', value: name, checked: true }), make('span', {}, name))));
}

const boxes = () => [...$('chosen').querySelectorAll('input')];
const chosen = () => boxes().filter(box => box.checked).map(box => box.value);

$('chosen').addEventListener('change', ({ target }) => {
  if (!hub) return;
  // On the live stream, without a reconnect.
  if (target.checked) hub.subscribe(target.value);
  else if (chosen().length) hub.unsubscribe(target.value);
  else target.checked = true;
});

$('subscribe').addEventListener('submit', event => {
  event.preventDefault();
  if (hub) stop(); else start();
});

function start() {
  const channels = chosen();
  if (!channels.length) {
    say($('inspecting'), 'Choose a channel', 'warn');
    boxes()[0]?.focus();
    return;
  }
  came = 0;
  hub = connect({
    url, user: $('user').value, project: $('project').value, channels,
    ...(access.token && { token: () => access.token }),
  });
  hub.on('*', receive);
  hub.onStatus(status);
  status(hub.status);
  settle();
}

function stop() {
  hub.dispose();
  hub = null;
  say($('inspecting'), 'Not subscribed', 'idle');
  settle();
}

function settle() {
  $('connect').textContent = hub ? 'Unsubscribe' : 'Subscribe';
  $('project').disabled = $('user').disabled = Boolean(hub);
  $('empty').textContent = hub ? 'Nothing yet. Publish a test event below.' : 'Subscribe, and events show up here, the newest first.';
  inspecting.hub = hub;
  inspecting.changed();
}

function status(status) {
  if (!hub) return;
  const texts = {
    connected: [`Connected, ${status.solo ? 'by itself' : status.leader ? 'this tab leads' : 'another tab leads'}`, 'good'],
    connecting: ['Connecting …', 'warn'],
    reconnecting: ['Reconnecting …', 'warn'],
    disconnected: ['Not connected', 'warn'],
    limited: [`Too many requests: waits ${Math.ceil((status.retryIn ?? 0) / 1000)} s`, 'warn'],
    blocked: [`Refused (${status.status})`, 'bad'],
    closed: [status.status === 404 ? 'No streams on the operators’ port' : `Closed: ${status.reason}`, 'bad'],
  };
  say($('inspecting'), ...(texts[status.state] ?? [String(status.state), 'warn']));
  inspecting.changed();
}

// MARK: What of it is shown

$('filter').addEventListener('input', ({ target }) => {
  needle = target.value.trim().toLowerCase();
  // What is there already is looked through as well.
  const kept = Array.from({ length: ring.length }, (_, index) => ring.at(index)).reverse()
    .filter(item => !needle || matches({ type: item.name, raw: item.raw, id: item.id }));
  ring.clear();
  for (const item of kept) ring.push(item);
  rows.draw();
});

$('pause').addEventListener('click', ({ target }) => {
  isPaused = !isPaused;
  skipped = 0;
  target.setAttribute('aria-pressed', isPaused);
});

$('clear').addEventListener('click', () => {
  ring.clear();
  rows.draw();
});

tabs(document.querySelector('[role=tablist]'));

/** Once a second: how much came, and how much of it is shown. */
export function tick() {
  const { seen, kept } = sampler.rate(Date.now());
  $('empty').hidden = ring.length > 0;
  const flood = seen > kept ? `${number(seen)} events in the last second: showing a sample of ${kept}.` : '';
  say($('sampling'), isPaused ? `Paused; ${number(skipped)} not shown since. ${flood}`
    : flood || (hub && came ? `${number(came)} events so far${needle ? `, ${number(ring.length)} shown match` : ''}.` : ''));
}
