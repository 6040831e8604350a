import { connect } from '../client/tributary.js';
import { access, ask, hub as url } from './access.js';
import { $ } from './dom.js';

/** A project of the page's own, so that nobody's events are disturbed. */
const project = 'tributary.page', event = 'page.probe';

/**
 * How long an event takes from this page to the hub and back on a stream: what a user of the hub feels. All tabs share the stream;
 * each measures events of its own.
 */
export class Latency {
  #hub; #isStarted = false; #sent = new Map(); #number = 0; #last = 0; #at = -Infinity;
  #from = Math.random().toString(36).slice(2);

  /** The last measure, unless it is old. */
  recent(now) { return now - this.#at < 5000 ? this.#last : null; }

  /** On a channel on which the hub keeps nothing. */
  async start(channel) {
    if (this.#isStarted) return;
    this.#isStarted = true;
    const known = await ask(`stream?project_id=${project}`, {}).catch(() => null);
    if (!known) return;
    // A user whom the hub knows may be nobody else; whom it does not know, it calls by the address.
    if (!/^[\d.]+$|:/.test(known.userId)) $('user').value = known.userId;
    this.#hub = connect({
      url, project, user: known.userId, channels: [channel], ...(access.token && { token: () => access.token }),
    });
    this.#hub.on(event, ({ from, number }) => {
      if (from !== this.#from || !this.#sent.has(number)) return;
      this.#at = performance.now();
      this.#last = this.#at - this.#sent.get(number);
      this.#sent.delete(number);
    });
    this.#probe(channel);
  }

  async #probe(channel) {
    if (!document.hidden && this.#hub.status.state === 'connected') {
      const number = this.#number += 1;
      // What does not arrive is forgotten.
      this.#sent.delete(number - 5);
      this.#sent.set(number, performance.now());
      const answer = await ask('publish', { channel, project_id: project, event, data: { from: this.#from, number } }).catch(error => error);
      // Another catalog keeps it, and no figure is worth that; or it is not for this one to publish.
      if (answer.id || answer.status === 403) return this.#hub.dispose();
    }
    setTimeout(() => this.#probe(channel), 1000);
  }
}
