import { ceiling } from './figures.js';
import { make, number, say } from './dom.js';

/** A figure's last two minutes, drawn when something changed and the browser draws anyway. */
export class Plot {
  #canvas; #value; #note; #label; #format; #series; #isWaiting = false;

  /** Shows `series` under `label` in `place`. */
  constructor(place, label, series, format = number) {
    this.#series = series;
    this.#label = label;
    this.#format = format;
    this.#canvas = make('canvas', { role: 'img' });
    this.#value = make('p', { className: 'value' }, '–');
    this.#note = make('p', { className: 'note' });
    place.append(make('figure', { className: 'card plot' }, make('figcaption', {}, label), this.#value, this.#canvas, this.#note));
    new ResizeObserver(() => this.draw()).observe(this.#canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  /** The figure now; `null` is not known. */
  push(value, note) {
    this.#series.push(value);
    say(this.#value, value === null ? '–' : this.#format(value));
    if (note !== undefined) say(this.#note, note);
    this.draw();
  }

  clear() { this.#series.values.length = 0; }

  draw() {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    requestAnimationFrame(() => {
      this.#isWaiting = false;
      this.#paint();
    });
  }

  #paint() {
    const canvas = this.#canvas, ratio = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width || !height) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const style = getComputedStyle(canvas), color = name => style.getPropertyValue(name);
    const draw = canvas.getContext('2d');
    draw.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw.clearRect(0, 0, width, height);
    const top = ceiling(this.#series.bounds[1]);
    const [head, foot] = [6, height - 2];
    const y = value => foot - (value / top) * (foot - head);
    draw.strokeStyle = color('--line');
    draw.lineWidth = 1;
    for (const value of [0, top / 2, top]) {
      draw.beginPath();
      draw.moveTo(0, Math.round(y(value)) + .5);
      draw.lineTo(width, Math.round(y(value)) + .5);
      draw.stroke();
    }
    draw.font = `11px ${style.fontFamily}`;
    draw.fillStyle = color('--soft');
    draw.textBaseline = 'top';
    draw.fillText(this.#format(top), 0, y(top) + 3);
    draw.strokeStyle = draw.fillStyle = color('--accent');
    this.#line(draw, y, width, foot);
    const [low, high] = this.#series.bounds, now = this.#series.values.at(-1);
    canvas.setAttribute('aria-label', now == null ? this.#label
      : `${this.#label}: ${this.#format(now)} now, ${this.#format(low)} to ${this.#format(high)} in the last two minutes`);
  }

  #line(draw, y, width, foot) {
    const { values, size } = this.#series;
    const x = index => width - 3 - ((values.length - 1 - index) * (width - 3)) / (size - 1);
    draw.lineWidth = 1.8;
    draw.lineJoin = 'round';
    // A moment without an answer is a gap, not a zero.
    for (let from = 0; from < values.length; from += 1) {
      if (values[from] === null) continue;
      let to = from;
      while (to + 1 < values.length && values[to + 1] !== null) to += 1;
      draw.beginPath();
      for (let index = from; index <= to; index += 1) draw.lineTo(x(index), y(values[index]));
      draw.stroke();
      draw.lineTo(x(to), foot);
      draw.lineTo(x(from), foot);
      draw.globalAlpha = .13;
      draw.fill();
      draw.globalAlpha = 1;
      if (to === values.length - 1) {
        draw.beginPath();
        draw.arc(x(to), y(values[to]), 2.6, 0, 7);
        draw.fill();
      }
      from = to;
    }
  }
}
