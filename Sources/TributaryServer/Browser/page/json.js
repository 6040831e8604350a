import { make } from './dom.js';

/** So many values of one event are shown as a tree; the raw text has the rest. */
const limit = 1500;
/** So many characters of a text are shown: an event may have a megabyte. */
const longest = 65536;

export const cut = (text, length = longest) =>
  text.length <= length ? text : `${text.slice(0, length)}\n… and ${(text.length - length).toLocaleString('en')} more characters`;

/** A JSON value as nodes that open and close. */
export function tree(value) {
  let left = limit;
  const name = key => (key === undefined ? [] : [make('span', { className: 'key' }, key), ': ']);
  const node = (value, key, depth) => {
    left -= 1;
    if (value === null || typeof value !== 'object') {
      const isText = typeof value === 'string';
      return make('div', { className: depth ? 'leaf' : '' }, ...name(key),
        make('span', { className: isText ? 'string' : 'other' }, cut(JSON.stringify(value), 4000)));
    }
    const isList = Array.isArray(value), entries = Object.entries(value);
    const size = `${isList ? '[' : '{'}${entries.length}${isList ? ']' : '}'}`;
    const details = make('details', { open: depth < 4 }, make('summary', {}, ...name(key), make('span', {}, size)));
    for (const [inner, child] of entries) {
      if (left <= 0 || depth > 60) {
        details.append(make('div', { className: 'leaf' }, '… see Raw'));
        break;
      }
      details.append(node(child, inner, depth + 1));
    }
    return details;
  };
  return make('div', { className: 'tree' }, node(value, undefined, 0));
}
