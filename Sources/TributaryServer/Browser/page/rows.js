import { make } from './dom.js';

const height = 30;

/** The newest of what came, so many and no more. */
export class Ring {
  constructor(size) {
    this.size = size;
    this.clear();
  }
  push(item) {
    this.items[this.count % this.size] = item;
    this.count += 1;
  }
  clear() {
    this.items = [];
    this.count = 0;
  }
  get length() { return Math.min(this.count, this.size); }
  /** 0 is the newest. */
  at(index) { return this.items[(this.count - 1 - index) % this.size]; }
}

/** A list box over a ring: as many nodes as fit on the screen, whatever comes, written once a frame. */
export class Rows {
  #box; #space; #pool = []; #isWaiting = false; #ring; #onChoose; #shown = 0;
  chosen = null;

  constructor(box, space, ring, onChoose) {
    this.#box = box;
    this.#space = space;
    this.#ring = ring;
    this.#onChoose = onChoose;
    box.addEventListener('scroll', () => this.draw());
    new ResizeObserver(() => this.draw()).observe(box);
    box.addEventListener('click', event => {
      const row = event.target.closest('.row');
      if (row?.item) this.#choose(row.item);
    });
    box.addEventListener('keydown', event => this.#key(event));
  }

  draw() {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    requestAnimationFrame(() => {
      this.#isWaiting = false;
      this.#paint();
    });
  }

  #paint() {
    const ring = this.#ring, box = this.#box;
    // Who has scrolled down reads on where they were.
    const came = ring.count - this.#shown;
    this.#shown = ring.count;
    this.#space.style.height = `${ring.length * height}px`;
    if (came > 0 && box.scrollTop > height / 2) box.scrollTop += came * height;
    const first = Math.max(0, Math.floor(box.scrollTop / height));
    const fitting = Math.ceil(box.clientHeight / height) + 1;
    let active = '';
    for (let slot = 0; slot < Math.max(fitting, this.#pool.length); slot += 1) {
      const row = this.#pool[slot] ??= this.#row(slot);
      const index = first + slot;
      row.hidden = slot >= fitting || index >= ring.length;
      if (row.hidden) continue;
      const item = ring.at(index), isChosen = item === this.chosen;
      row.style.transform = `translateY(${index * height}px)`;
      row.setAttribute('aria-selected', isChosen);
      row.setAttribute('aria-posinset', index + 1);
      row.setAttribute('aria-setsize', ring.length);
      if (isChosen) active = row.id;
      if (row.item !== item) this.#write(row, item);
    }
    if (active) box.setAttribute('aria-activedescendant', active);
    else box.removeAttribute('aria-activedescendant');
  }

  #row(slot) {
    const row = make('div', { className: 'row', role: 'option', id: `row-${slot}` }, make('time'), make('b'), make('code'), make('i'));
    this.#box.append(row);
    return row;
  }

  #write(row, item) {
    row.item = item;
    const [time, name, data, id] = row.children;
    time.textContent = new Date(item.time).toISOString().slice(11, 23);
    name.textContent = item.name.slice(0, 80);
    data.textContent = item.raw.slice(0, 240);
    id.textContent = item.replayed ? 'replayed' : item.id ? 'durable' : '';
  }

  #choose(item) {
    this.chosen = item;
    this.#onChoose(item);
    this.draw();
  }

  #key(event) {
    const ring = this.#ring, page = Math.max(1, Math.floor(this.#box.clientHeight / height) - 1);
    const at = Array.from({ length: ring.length }, (_, index) => ring.at(index)).indexOf(this.chosen);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: ring.length - 1 }[event.key];
    if (to === undefined || !ring.length) return;
    event.preventDefault();
    const index = Math.min(ring.length - 1, Math.max(0, to)), top = index * height, box = this.#box;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + height > box.scrollTop + box.clientHeight) box.scrollTop = top + height - box.clientHeight;
    this.#choose(ring.at(index));
  }
}
