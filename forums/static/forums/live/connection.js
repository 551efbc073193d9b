import { PollSocket } from "./poll.js";

/**
 * The socket of a room, or what stands in for it where no socket gets through. Knows one number, the last event it has passed on; whatever happens to the socket, the next one
 * goes on from there, so that each event is passed on once and in order.
 */

const VERSION = 1;
const OPEN = 1; // of a WebSocket
const STOP = new Set([4400, 4401, 4403, 4404, 4405]);
const TOO_SLOW = 4409;
const OPEN_WITHIN_MS = 3_000;
const HANDSHAKE_MS = 8_000;
const POLL_FOR_MS = 300_000; // then a socket is tried again
const PING_EVERY_MS = 25_000;
const PONG_WITHIN_MS = 10_000;
const ACK_EVENTS = 100;
const ACK_CHARACTERS = 64_000;
const ACK_WITHIN_MS = 10_000;
const STABLE_MS = 60_000;
const LONGEST_RETRY_MS = 30_000;

export class Connection {
  #to;
  #epoch;
  #position;
  #socket = null;
  #isLive = false;
  #isStopped = false;
  #isComingBack = false;
  #retryMs = 300;
  #afterMs = 0;
  #downMs = 0; // how long we have been without a connection, altogether, since the last stable one
  #failures = 0;
  #unacked = { events: 0, characters: 0 };
  #timers = new Map();
  #wake = () => {};
  #pings = 0;
  #asked = new Map(); // what waits for its own answer, by the name it was given
  #isPolling = false;
  #wasWelcomed = false;
  #hadSocket = false;
  #socketFailures = 0; // of sockets to a server that answers otherwise

  /** `to` holds the addresses, `epoch` and `position` of what the page shows, and what to call; see room.js. */
  constructor(to) {
    this.#to = to;
    this.#epoch = to.epoch;
    this.#position = to.position;
    addEventListener("online", () => this.#lookNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.#lookNow());
    addEventListener("pagehide", () => this.#drop(1001));
    addEventListener("pageshow", (event) => event.persisted && this.#comeBack());
  }

  open() {
    this.#isPolling = this.#socketFailures >= (this.#hadSocket ? 2 : 1) || !window.WebSocket;
    this.#wasWelcomed = false;
    const { protocol, host } = location;
    const address = `${protocol === "https:" ? "wss" : "ws"}://${host}${this.#to.socketAddress}`;
    const socket = this.#isPolling ? new PollSocket(this.#to.pollAddress) : new WebSocket(address);
    this.#socket = socket;
    // A socket that was given up may still speak: only the present one is listened to.
    const ifPresent = (does) => (event) => socket === this.#socket && does(event);
    socket.onopen = ifPresent(() => {
      this.#cancel("open");
      this.send({ t: "hello", v: VERSION, epoch: this.#epoch, since: this.#position, vis: !document.hidden });
    });
    socket.onmessage = ifPresent(({ data }) => this.#hear(data));
    socket.onclose = ifPresent(({ code }) => this.#closed(code));
    this.#after("open", OPEN_WITHIN_MS, () => this.#giveUp());
    this.#after("handshake", HANDSHAKE_MS, () => this.#giveUp());
  }

  /** Whether it went out; whether it arrived is for the answer to say. */
  send(frame) {
    if (this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Sends what needs no keeping, such as a reaction. A promise of words where it came to nothing. */
  ask(frame) {
    const lost = "The connection is lost. Try again in a moment.";
    if (!this.#isLive || !this.send(frame)) return Promise.resolve(lost);
    return new Promise((resolve) => {
      this.#asked.set(frame.c, (words) => resolve(words));
      setTimeout(() => this.#answer(frame.c, lost), 10_000);
    });
  }

  #answer(c, words) {
    const resolve = this.#asked.get(c);
    this.#asked.delete(c);
    resolve?.(words);
    return Boolean(resolve);
  }

  // What the server says

  #hear(data) {
    this.#cancel("pong");
    const frame = JSON.parse(data);
    if (Array.isArray(frame)) return this.#take(frame, data.length);
    switch (frame.t) {
      case "welcome":
        return this.#welcomed(frame);
      case "ahead":
        return this.#to.events(frame.e);
      case "ok":
        if (frame.held) return this.#to.held(frame.c, frame.held);
        // Without a number: not even we see it among the others yet.
        return this.#answer(frame.c) || this.#to.sent(frame.c, frame.s <= this.#position);
      case "err":
        return this.#answer(frame.c, frame.words) || this.#to.refused(frame.c, frame.words, frame.retry_ms, frame.code);
      case "st":
        return this.#to.state(frame.d);
      case "pong":
        this.#retryMs = frame.retry_ms;
        // Behind, with nothing on its way: something was lost between us and the server.
        if (frame.top > this.#position) this.#after("behind", 5_000, () => frame.top > this.#position && this.#giveUp());
        return undefined;
      case "bye":
        this.#afterMs = frame.after_ms;
        return undefined;
    }
    return undefined; // a newer server may say more than we know
  }

  #welcomed(frame) {
    this.#cancel("handshake");
    this.#retryMs = frame.cfg.retry_ms;
    this.#to.state(frame.st);
    this.#wasWelcomed = true;
    if (!this.#isPolling) this.#hadSocket = true;
    if (frame.resume !== "ok") return this.#startAfresh();
    this.#isLive = true;
    if (this.#isPolling) {
      this.#after("upgrade", POLL_FOR_MS, () => {
        this.#socketFailures = this.#hadSocket ? 1 : 0; // one that fails is enough
        this.#giveUp();
      });
    } else {
      this.#socketFailures = 0;
    }
    this.#failures = 0;
    this.#after("stable", STABLE_MS, () => (this.#downMs = 0));
    this.#pingLater();
    return this.#to.live();
  }

  #take(events, characters) {
    const fresh = [];
    for (const event of events) {
      if (event.s <= this.#position) continue;
      if (event.s !== this.#position + 1) break;
      this.#position = event.s;
      fresh.push(event);
    }
    const last = events.at(-1);
    if (fresh.length) this.#to.events(fresh);
    if (last && last.s > this.#position) return this.#giveUp(); // a hole: ask again for what comes after our number
    return this.#ackSoon(events.length, characters);
  }

  #ackSoon(events, characters) {
    const unacked = this.#unacked;
    unacked.events += events;
    unacked.characters += characters;
    if (unacked.events >= ACK_EVENTS || unacked.characters >= ACK_CHARACTERS) this.#ack();
    else if (!this.#timers.has("ack")) this.#after("ack", ACK_WITHIN_MS, () => this.#ack());
  }

  #ack() {
    this.#cancel("ack");
    this.#unacked = { events: 0, characters: 0 };
    this.send({ t: "ack", s: this.#position });
  }

  // Is anybody there?

  #pingLater() {
    this.#after("ping", PING_EVERY_MS + (Math.random() - 0.5) * 6_000, () => {
      this.#ping(PONG_WITHIN_MS);
      this.#pingLater();
    });
  }

  #ping(within) {
    this.send({ t: "ping", n: ++this.#pings, s: this.#position, vis: !document.hidden });
    if (!this.#timers.has("pong")) this.#after("pong", within, () => this.#giveUp());
  }

  /** Back from sleep, or from another window: find out at once rather than at the next ping. */
  #lookNow() {
    if (this.#isLive) this.#ping(3_000);
    else this.#wake();
  }

  // Going and coming back

  #closed(code) {
    this.#forget();
    if (STOP.has(code)) return this.#stop(code);
    return this.#comeBack();
  }

  #giveUp() {
    this.#drop(TOO_SLOW);
    this.#comeBack();
  }

  #drop(code) {
    const socket = this.#socket;
    this.#forget();
    if (socket && socket.readyState <= OPEN) socket.close(code === 1001 ? undefined : code);
  }

  #forget() {
    this.#socket = null;
    this.#isLive = false;
    this.#unacked = { events: 0, characters: 0 };
    for (const name of [...this.#timers.keys()]) this.#cancel(name);
    for (const c of [...this.#asked.keys()]) this.#answer(c, "The connection was lost. Try again.");
  }

  #stop(code) {
    this.#isStopped = true;
    this.#to.stopped(code);
  }

  async #comeBack() {
    if (this.#isComingBack || this.#isStopped) return;
    this.#isComingBack = true;
    this.#to.lost();
    try {
      while (true) {
        const began = performance.now();
        await this.#pause(this.#afterMs + this.#patience());
        this.#afterMs = 0;
        const answers = await this.#serverAnswers();
        this.#downMs += performance.now() - began;
        if (answers) break;
      }
      if (!this.#isPolling && !this.#wasWelcomed) this.#socketFailures += 1;
      // Answering, yet no socket of ours gets through: perhaps we may no longer come in.
      if (++this.#failures % 3 === 0 && !(await this.#mayEnter())) return this.#stop(4403);
    } finally {
      this.#isComingBack = false;
    }
    return this.open();
  }

  /** Milliseconds to the next attempt. At first often, at the pace the server asked for (the fuller the room, the slower);
   * after half a minute ever more slowly. Never the same for two browsers. */
  #patience() {
    const slower = 2 ** Math.max(0, (this.#downMs - 30_000) / 10_000 + Math.floor(this.#failures / 3));
    return (0.5 + Math.random() / 2) * Math.min(LONGEST_RETRY_MS, this.#retryMs * slower);
  }

  /** A plain request, for browsers hold back sockets that have failed before, for longer and longer. The site itself may
   * answer that it is unwell (503); only a proxy answers for a site that is away. */
  async #serverAnswers() {
    try {
      const options = { cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(3_000) };
      return ![502, 504].includes((await fetch(this.#to.probeAddress, options)).status);
    } catch {
      return false;
    }
  }

  async #mayEnter() {
    try {
      const answer = await fetch(this.#to.roomAddress, { method: "HEAD", cache: "no-store", redirect: "manual" });
      return answer.ok || answer.status >= 500;
    } catch {
      return true;
    }
  }

  async #startAfresh() {
    this.#drop(TOO_SLOW);
    this.#to.lost();
    try {
      const { epoch, position } = await this.#to.startAfresh();
      this.#epoch = epoch;
      this.#position = position;
      this.open();
    } catch {
      this.#comeBack();
    }
  }

  #pause(ms) {
    return new Promise((resolve) => {
      this.#wake = () => setTimeout(resolve, Math.random() * 500);
      setTimeout(resolve, ms);
    });
  }

  #after(name, ms, does) {
    this.#cancel(name);
    this.#timers.set(
      name,
      setTimeout(() => {
        this.#timers.delete(name);
        does();
      }, ms),
    );
  }

  #cancel(name) {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}
