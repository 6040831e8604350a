import { preflight } from './hub.js';
import { Pane } from './pane.js';

const $ = id => document.getElementById(id);
const key = 'tributary.demo.token';
let token = '';
try { token = sessionStorage.getItem(key) ?? ''; } catch {}

async function start() {
  const named = new URL(location.href).searchParams.get('user');
  let known;
  try {
    known = await preflight(named ?? 'ada', token);
  } catch (error) {
    $('access').hidden = error.status !== 401;
    if (error.status === 401 && !token) return $('token').focus();
    $('notice').hidden = false;
    $('notice').textContent = error.status ? error.message : 'The hub does not answer. Load the page again when it does.';
    return;
  }
  show(token || named ? [known.userId] : ['ada', 'grace']);
}

function show(users) {
  $('access').hidden = $('notice').hidden = true;
  const panes = users.map(user => new Pane(user, token));
  $('people').replaceChildren(...panes.map(pane => pane.element));
  $('people').classList.toggle('two', users.length > 1);
  if (users.length > 1) choose(users, panes);
  else $('lead').textContent = `You are ${users[0]}. Open this page as somebody else in another window.`;
  for (const pane of panes) pane.open();
}

/** On a narrow screen one window is shown at a time. */
function choose(users, panes) {
  const pick = index => panes.forEach((pane, other) => {
    pane.element.classList.toggle('shown', index === other);
    $('who').children[other].setAttribute('aria-pressed', index === other);
  });
  $('who').replaceChildren(...users.map((user, index) =>
    Object.assign(document.createElement('button'), { type: 'button', textContent: user, onclick: () => pick(index) })));
  $('who').hidden = false;
  pick(0);
}

$('access').addEventListener('submit', event => {
  event.preventDefault();
  token = $('token').value.trim();
  try { sessionStorage.setItem(key, token); } catch {}
  start();
});
start();
