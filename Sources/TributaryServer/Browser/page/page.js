import { access, ask } from './access.js';
import { $, bytes, duration, fill, list, number, say } from './dom.js';
import { Series, figures } from './figures.js';
import * as inspector from './inspector.js';
import { Latency } from './latency.js';
import { Plot } from './plot.js';
import * as publishing from './publish.js';
import './shared.js';

/** Every second, as an eye follows; figures of other nodes are a few seconds old anyway. */
const interval = 1000;
const latency = new Latency();
const [streams, users, events, delay] = [
  ['Streams'], ['Users'], ['Events/s'], ['Latency', value => `${number(value)} ms`],
].map(([label, format]) => new Plot($('plots'), label, new Series(), format));
let before = null, failures = 0, ticks = 0, timer;

const scope = () => document.querySelector('[name=scope]:checked').value;

async function look() {
  clearTimeout(timer);
  // A page that nobody sees asks for nothing; it looks again at once when it is seen.
  if (document.hidden) return;
  try {
    const asked = scope(), wantsNodes = ticks % 3 === 0;
    const [node, cluster] = await Promise.all([
      asked === 'node' ? ask('stats') : null, asked === 'cluster' || wantsNodes ? ask('stats?scope=cluster') : null,
    ]);
    if (asked === scope()) draw(node ?? cluster.total, asked);
    if (cluster) drawNodes(cluster);
    if (ticks % 5 === 0) await askReady();
    failures = 0;
    reveal();
    say($('banner'), '');
    $('banner').hidden = true;
  } catch (error) {
    if (error.status === 401 || error.status === 403) return askToken(error);
    failures += 1;
    for (const plot of [streams, users, events, delay]) plot.push(null);
    say($('ready'), 'No answer', 'bad');
    say($('banner'), error.status ? error.message : 'The hub does not answer; the page tries again.');
    $('banner').hidden = false;
  }
  ticks += 1;
  timer = setTimeout(look, interval * Math.min(5, 2 ** failures));
}

function draw(now, asked) {
  const earlier = before?.asked === asked && before.now.node === now.node ? before.now : null;
  const shown = figures(now, earlier);
  before = { asked, now };
  streams.push(shown.streams, shown.slow ? `${number(shown.slow)} slow` : 'none is slow');
  users.push(shown.users, `in ${number(shown.projects)} project${shown.projects === 1 ? '' : 's'}`);
  events.push(shown.isRate ? shown.events : null, shown.isRate ? `${number(shown.deliveries)} deliveries a second` : '');
  delay.push(latency.recent(performance.now()), 'from publishing to a stream');
  fill($('channels'), shown.channels, channel => [
    channel.name, number(channel.streams), number(channel.publishedRate), number(channel.published),
    number(channel.deliveredRate), bytes(channel.bytesRate),
  ]);
  const channels = shown.channels.map(channel => channel.name);
  inspector.offer(channels);
  publishing.offer(channels);
  latency.start(channels.includes('presence') ? 'presence' : channels[0]);
  drawRelay(now);
}

function drawRelay({ relay, registry, node, version, uptime_s: uptime, memory }) {
  say($('facts'), node === 'cluster' ? `All nodes · ${version}` : `${node} · ${version} · up ${duration(uptime)}`);
  say($('relay'), relay.connected ? `Relay: ${relay.kind}` : `Relay: ${relay.kind} is away`, relay.connected ? 'good' : 'bad');
  const rejected = Object.entries(relay.rejected_total);
  list($('health'), [
    ['Relay', relay.connected ? `${relay.kind}, connected` : `${relay.kind}, away`, relay.connected ? '' : 'bad'],
    ['Received', number(relay.received_total)],
    ['Reconnects', number(relay.reconnects_total), relay.reconnects_total ? 'warn' : ''],
    ['Subscriptions', number(relay.subscriptions)],
    ['Registry', `${registry.kind}, ${registry.available ? 'there' : 'away'}`, registry.available ? '' : 'bad'],
    ['Tails in memory', bytes(memory.tail_bytes)],
    ['Rejected', rejected.length ? rejected.map(([reason, count]) => `${reason} ${number(count)}`).join(', ') : 'none'],
    ...(relay.last_error ? [['Last error', relay.last_error, 'warn']] : []),
  ]);
}

function drawNodes({ nodes }) {
  fill($('nodes'), nodes, ({ node, state, silent_ms: silent, figures }) => [
    node, [state === 'live' ? 'live' : `${state}, ${duration(silent / 1000)}`, state === 'live' ? 'good' : 'bad'],
    figures ? number(figures.streams.open) : '–',
    [figures ? (figures.relay.connected ? 'connected' : 'away') : '–', figures?.relay.connected === false ? 'bad' : ''],
    figures ? bytes(figures.memory.rss_bytes) : '–', figures ? duration(figures.uptime_s) : '–',
  ]);
}

async function askReady() {
  try {
    await ask('readyz');
    say($('ready'), 'Ready', 'good');
  } catch (error) {
    if (!error.status) throw error;
    say($('ready'), `Not ready: ${error.message}`, 'bad');
  }
}

// MARK: Who is looking

function askToken(error) {
  $('main').hidden = true;
  $('access').hidden = false;
  for (const id of ['ready', 'relay']) say($(id), id === 'ready' ? 'For operators' : 'Relay', 'idle');
  say($('refused'), access.token && error ? error.message : '');
  access.token = '';
  $('token').focus();
}

function reveal() {
  if (!$('main').hidden) return;
  $('access').hidden = true;
  $('main').hidden = false;
}

$('access').addEventListener('submit', event => {
  event.preventDefault();
  access.token = $('token').value.trim();
  $('token').value = '';
  look();
});

for (const choice of document.querySelectorAll('[name=scope]')) {
  choice.addEventListener('change', () => {
    // Another question, another curve.
    for (const plot of [streams, users, events]) plot.clear();
    look();
  });
}
document.addEventListener('visibilitychange', () => { if (!document.hidden) { before = null; look(); } });
setInterval(inspector.tick, 500);
if (access.isNeeded) askToken(); else look();
