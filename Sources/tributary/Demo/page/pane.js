import { connect } from '../client/tributary.js';
import { history, project, result, unique, url } from './hub.js';
import { Room } from './room.js';

const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit' });
const hue = user => 1 + [...user].reduce((sum, letter) => sum * 31 + letter.codePointAt(0), 0) % 4;

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** One person's window. */
export class Pane {
  #root; #room; #hub; #token; #user; #items = new Map(); #typedAt = 0; #isDrawing = false; #isAtEnd = true;

  constructor(user, token) {
    this.#user = user;
    this.#token = token;
    this.#room = new Room(user);
    this.#root = document.getElementById('pane').content.firstElementChild.cloneNode(true);
    const name = `name-${user}`, field = `field-${user}`;
    this.#root.setAttribute('aria-labelledby', name);
    Object.assign(this.#find('h2'), { id: name, textContent: user });
    this.#find('.log').setAttribute('aria-label', `What ${user} reads`);
    this.#find('label').htmlFor = this.#find('input').id = field;
    this.#face(this.#find('.face'), user);
    this.#listen();
    this.#draw();
  }

  get element() { return this.#root; }

  async open() {
    const room = this.#room, hub = this.#hub = connect({
      url, project, user: this.#user, channels: ['chat', 'jobs', 'presence'], ...(this.#token && { token: () => this.#token }),
    });
    const on = (name, handle) => hub.on(name, (data, event) => { handle(data, event); this.#draw(); });
    on('message.new', (data, event) => room.message(data, event.id));
    on('typing.start', data => room.types(data.userId, true));
    on('typing.stop', data => room.types(data.userId, false));
    on('presence.snapshot', data => room.everybody(data.users));
    on('presence.changed', data => room.person(data.userId, data.status));
    on('job.started', data => room.job(data, 'running'));
    on('job.progress', data => room.job(data, 'running'));
    on('job.completed', data => room.job(data, 'completed'));
    on('job.failed', data => room.job(data, 'failed'));
    hub.outbox.onChange(() => this.#draw());
    hub.onStatus(status => this.#status(status));
    this.#status(hub.status);
    // Beside the stream, which begins with what comes now: a message that comes both ways is there once.
    try {
      for await (const { id, event, data } of history(hub)) if (event === 'message.new') room.message(data, id);
    } catch (error) {
      this.#complain(error);
    }
    this.#draw();
  }

  /** Who reads the newest goes on with the newest; who has scrolled up stays where they are. */
  #toEnd() {
    const log = this.#find('.log');
    if (this.#isAtEnd) log.scrollTop = log.scrollHeight;
  }

  #find(selector) { return this.#root.querySelector(selector); }

  // MARK: What the person does

  #listen() {
    const input = this.#find('input'), log = this.#find('.log');
    log.addEventListener('scroll', () => { this.#isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40; });
    // Also when the window is shown again, or a job takes some of its room.
    new ResizeObserver(() => this.#toEnd()).observe(log);
    this.#find('.write').addEventListener('submit', event => {
      event.preventDefault();
      const text = input.value.trim();
      if (!text) return;
      input.value = '';
      this.#stopTyping();
      this.#send(unique(), { text, time: Date.now() });
    });
    input.addEventListener('input', () => {
      if (!input.value) return this.#stopTyping();
      // The hub takes it back after 6 s; until then it need not be said again.
      if (Date.now() - this.#typedAt < 3000) return;
      this.#typedAt = Date.now();
      this.#hub.send.typing('start');
    });
    this.#find('.run').addEventListener('click', () => this.#run());
    this.#find('.away').addEventListener('click', ({ currentTarget: button }) => {
      const isAway = button.getAttribute('aria-pressed') !== 'true';
      button.setAttribute('aria-pressed', isAway);
      this.#hub.presence.set(isAway ? 'away' : 'online');
    });
    setInterval(() => {
      if (this.#room.sweep()) this.#draw();
    }, 1000);
  }

  #stopTyping() {
    if (!this.#typedAt) return;
    this.#typedAt = 0;
    this.#hub.send.typing('stop');
  }

  /** Shown at once. The hub's answer settles it, and the message on the stream takes its place, whichever comes first. */
  async #send(key, draft) {
    const { outbox } = this.#hub, content = { text: draft.text, type: 'text', mode: 'chat' };
    outbox.add(key, draft);
    try {
      outbox.settle(key, await result(this.#hub.request('publish', {}, {
        channel: 'chat', project_id: project, event: 'message.new', client_msg_id: key,
        data: {
          messageId: key, client_msg_id: key, projectId: project, userId: this.#user, content,
          timestamp: new Date(draft.time).toISOString(),
        },
      })));
    } catch (error) {
      outbox.fail(key, error);
    }
  }

  async #run() {
    try {
      await result(this.#hub.request('demo/jobs', {}, {}));
    } catch (error) {
      this.#complain(error);
    }
  }

  #complain({ message }) {
    Object.assign(this.#find('.problem'), { hidden: false, textContent: message });
  }

  // MARK: What it looks like

  #status(status) {
    const [text, state] = {
      connected: [status.leader ? 'Connected' : 'Connected through another tab', 'good'],
      blocked: ['The hub refuses this user', 'bad'],
      closed: ['Disconnected', 'bad'],
      limited: ['Too many requests: waiting', 'bad'],
    }[status.state] ?? ['Connecting …', 'wait'];
    const line = this.#find('.connection');
    line.textContent = text;
    line.dataset.state = state;
  }

  #face(face, user) {
    face.textContent = user.slice(0, 1).toUpperCase();
    face.dataset.hue = hue(user);
    return face;
  }

  /** Once a frame, however much came. */
  #draw() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      this.#drawLog(this.#find('.log'));
      this.#drawPeople();
      this.#drawJobs();
      const typing = [...this.#room.typing];
      this.#find('.typing').textContent = typing.length ? `${typing.join(' and ')} ${typing.length > 1 ? 'are' : 'is'} typing …` : '';
      this.#toEnd();
    });
  }

  #drawLog(log) {
    const messages = this.#room.shown(this.#hub?.outbox.entries ?? []);
    this.#find('.empty').hidden = messages.length > 0;
    messages.forEach((message, index) => {
      const item = this.#items.get(message.key) ?? this.#item(message);
      // Behind the line that says that there is nothing.
      if (log.children[index + 1] !== item) log.insertBefore(item, log.children[index + 1] ?? null);
      if (item.dataset.state !== message.state) this.#drawState(item, message);
    });
  }

  #item(message) {
    const isOwn = message.user === this.#user;
    const item = make('li', { className: isOwn ? 'own' : '' },
      this.#face(make('span', { className: 'face', ariaHidden: 'true' }), message.user),
      make('div', { className: 'bubble' }, message.text, make('span', { className: 'about' })));
    this.#items.set(message.key, item);
    return item;
  }

  #drawState(item, { key, user, text, time, state }) {
    item.dataset.state = state;
    const words = { pending: 'sending …', failed: 'not sent', sent: clock.format(time) }[state], about = item.querySelector('.about');
    about.replaceChildren(user === this.#user ? words : `${user}, ${words}`);
    if (state === 'failed') {
      about.append(make('button', { type: 'button', textContent: 'Try again', onclick: () => this.#send(key, { text, time }) }));
    }
  }

  #drawPeople() {
    const people = [...this.#room.people].sort(([one], [other]) => one.localeCompare(other));
    this.#find('.present').replaceChildren(...people.map(([user, status]) => {
      const item = make('li', {}, user === this.#user ? `${user} (you)` : user, status === 'away' ? ', away' : '');
      item.dataset.status = status;
      return item;
    }));
    const isAway = this.#room.people.get(this.#user) === 'away';
    this.#find('.away').setAttribute('aria-pressed', isAway);
  }

  #drawJobs() {
    const list = this.#find('.jobs'), jobs = [...this.#room.jobs.values()].slice(-3);
    const known = new Map([...list.children].map(item => [item.dataset.id, item]));
    for (const job of jobs) {
      const item = known.get(String(job.id)) ?? list.appendChild(make('li', {}, make('span'), make('progress', { max: 100 }), make('span')));
      known.delete(String(job.id));
      item.dataset.id = job.id;
      const [name, bar, text] = item.children;
      name.textContent = job.task;
      bar.value = job.progress;
      bar.setAttribute('aria-label', job.task);
      text.textContent = job.state === 'running' ? `${Math.round(job.progress)} %` : job.state === 'completed' ? 'done' : 'failed';
      text.dataset.state = { completed: 'good', failed: 'bad' }[job.state] ?? '';
    }
    for (const item of known.values()) item.remove();
  }
}
