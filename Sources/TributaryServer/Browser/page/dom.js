// What all parts of the page build nodes with. Nothing here, or anywhere in the page, takes text for markup: what events hold is
// anybody's.

export const $ = id => document.getElementById(id);

/** An element with properties, `data-` and `aria-` attributes among them, and children; text stays text. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-') || name === 'role') element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** Writes only what differs, so that nothing is laid out, or read aloud, twice. */
export function say(element, text, state) {
  if (element.textContent !== text) element.textContent = text;
  if (state !== undefined && element.dataset.state !== state) element.dataset.state = state;
}

/** A table's rows, one for each entry, told apart by their first cell; `cells` are texts, or `[text, state]`. */
export function fill(body, entries, cells) {
  const rows = new Map(Array.from(body.rows, row => [row.dataset.key, row]));
  entries.forEach((entry, index) => {
    const texts = cells(entry).map(cell => [].concat(cell));
    const key = texts[0][0];
    const row = rows.get(key) ?? make('tr', { 'data-key': key }, ...texts.map(() => make('td')));
    rows.delete(key);
    texts.forEach(([text, state], column) => say(row.cells[column], text, state));
    if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
  });
  for (const row of rows.values()) row.remove();
}

/** A list of names and values. */
export function list(element, pairs) {
  while (element.children.length > pairs.length) element.lastChild.remove();
  pairs.forEach(([name, value, state], index) => {
    const item = element.children[index] ?? element.appendChild(make('div', {}, make('dt'), make('dd')));
    say(item.firstChild, name);
    say(item.lastChild, value, state ?? '');
  });
}

/** Tabs of one list: arrows, Home and End move among them, and one is in the order of focus. */
export function tabs(tablist) {
  const all = [...tablist.children];
  const choose = chosen => {
    for (const tab of all) {
      tab.setAttribute('aria-selected', tab === chosen);
      tab.tabIndex = tab === chosen ? 0 : -1;
      $(tab.getAttribute('aria-controls')).hidden = tab !== chosen;
    }
    chosen.focus();
  };
  tablist.addEventListener('click', ({ target }) => { if (all.includes(target)) choose(target); });
  tablist.addEventListener('keydown', event => {
    const at = all.indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(all.at(to % all.length));
  });
}

const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
export const number = value => (Math.abs(value) < 100000 ? plain : short).format(value < 10 ? value : Math.round(value));
export const bytes = value => {
  const step = Math.min(4, Math.max(0, Math.floor(Math.log2(Math.max(1, value)) / 10)));
  return `${plain.format(value / 1024 ** step)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][step]}`;
};
export const duration = seconds => {
  const [days, hours, minutes] = [seconds / 86400, (seconds / 3600) % 24, (seconds / 60) % 60].map(Math.floor);
  return days ? `${days} d ${hours} h` : hours ? `${hours} h ${minutes} min` : minutes ? `${minutes} min` : `${Math.floor(seconds)} s`;
};
