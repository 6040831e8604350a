// What two answers of /stats say together. No I/O: the page asks, this computes.

const sum = (figures, name) => Object.values(figures.channels).reduce((total, channel) => total + channel[name], 0);
/** A restarted process counts from zero. */
const since = (after, before) => (after >= before ? after - before : after);

/** The figures now, and their rates since `before`, another answer about the same node or nodes. */
export function figures(now, before) {
  const seconds = before && now.uptime_s > before.uptime_s ? now.uptime_s - before.uptime_s : 0;
  const rate = (after, earlier) => (seconds ? since(after, earlier ?? 0) / seconds : 0);
  const channels = Object.entries(now.channels).map(([name, channel]) => {
    const earlier = before?.channels[name];
    return {
      name,
      streams: channel.streams,
      published: channel.published_total,
      publishedRate: rate(channel.published_total, earlier?.published_total),
      deliveredRate: rate(channel.delivered_total, earlier?.delivered_total),
      bytesRate: rate(channel.delivered_bytes_total, earlier?.delivered_bytes_total),
    };
  });
  return {
    channels,
    streams: now.streams.open,
    slow: now.streams.slow,
    users: now.users,
    projects: now.projects,
    isRate: seconds > 0,
    events: rate(sum(now, 'published_total'), before && sum(before, 'published_total')),
    deliveries: rate(sum(now, 'delivered_total'), before && sum(before, 'delivered_total')),
  };
}

/** The last values of a figure, for its plot. */
export class Series {
  constructor(size = 120) {
    this.size = size;
    this.values = [];
  }
  /** `null` for a moment that nothing is known of. */
  push(value) {
    this.values.push(value);
    if (this.values.length > this.size) this.values.shift();
  }
  get bounds() {
    const known = this.values.filter(value => value !== null);
    return known.length ? [Math.min(...known), Math.max(...known)] : [0, 0];
  }
}

/** The top of a plot's axis: a number that reads well, not below `value`. */
export function ceiling(value) {
  if (value <= 1) return 1;
  const step = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map(factor => factor * step).find(top => top >= value);
}

/**
 * Which of a flood of events are shown: so many a second, spread evenly by what the last second brought. Nobody reads more, and
 * what shows them stays quick.
 */
export class Sampler {
  constructor(perSecond = 100) {
    this.perSecond = perSecond;
    this.second = -1;
    this.seen = this.kept = 0;
    this.last = { seen: 0, kept: 0 };
  }
  /** @param now in milliseconds */
  take(now) {
    this.turn(now);
    const every = Math.max(1, Math.ceil(this.last.seen / this.perSecond));
    const takes = this.seen % every === 0 && this.kept < this.perSecond;
    this.seen += 1;
    if (takes) this.kept += 1;
    return takes;
  }
  /** The last whole second. */
  rate(now) {
    this.turn(now);
    return this.last;
  }
  turn(now) {
    const second = Math.floor(now / 1000);
    if (second === this.second) return;
    this.last = second === this.second + 1 ? { seen: this.seen, kept: this.kept } : { seen: 0, kept: 0 };
    this.second = second;
    this.seen = this.kept = 0;
  }
}
