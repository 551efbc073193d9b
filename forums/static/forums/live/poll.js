/**
 * Stands in for a WebSocket where none gets through: asks for what comes next, again and again, and is answered when there
 * is something. Speaks the same frames, so that whoever uses it need not know.
 */

// Why the server does not answer at all, as a socket's close code; all else is a failure that passes.
const REFUSED = { 401: 4401, 403: 4403, 404: 4403 };
const FAILED = 1011;
// A WebSocket's own, for a browser that has none.
const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

export class PollSocket {
  #address;
  #ending = new AbortController();
  #epoch;
  #since;
  #top = 0;
  #retryMs = 1_000;
  readyState = CONNECTING;
  onopen = () => {};
  onmessage = () => {};
  onclose = () => {};

  constructor(address) {
    this.#address = address;
    queueMicrotask(() => {
      if (this.readyState !== CONNECTING) return;
      this.readyState = OPEN;
      this.onopen();
    });
  }

  send(text) {
    const frame = JSON.parse(text);
    if (frame.t === "hello") {
      this.#epoch = frame.epoch;
      this.#since = frame.since;
      this.#listen();
    } else if (frame.t === "ping") {
      this.#hear({ t: "pong", n: frame.n, top: this.#top, retry_ms: this.#retryMs });
    } else if (frame.t !== "ack") {
      this.#tell(text);
    }
  }

  close(code = 1000) {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.#ending.abort();
    this.onclose({ code });
  }

  async #listen() {
    let isFirst = true;
    while (this.readyState === OPEN) {
      const frames = await this.#ask(isFirst);
      for (const frame of frames ?? []) this.#take(frame, isFirst);
      isFirst = false;
    }
  }

  async #ask(isFirst) {
    const query = new URLSearchParams({ epoch: this.#epoch, since: this.#since });
    if (isFirst) query.set("now", "1");
    try {
      const answer = await fetch(`${this.#address}?${query}`, { cache: "no-store", signal: this.#ending.signal });
      if (answer.ok) return await answer.json();
      this.close(REFUSED[answer.status] ?? FAILED);
    } catch {
      this.close(1006);
    }
    return undefined;
  }

  #take(frame, isFirst) {
    if (this.readyState !== OPEN) return;
    if (Array.isArray(frame)) this.#since = Math.max(this.#since, frame.at(-1).s);
    if (frame.t === "welcome") {
      this.#top = frame.top;
      this.#retryMs = frame.cfg.retry_ms;
      this.#hear(isFirst || frame.resume !== "ok" ? frame : { t: "st", d: frame.st });
    } else {
      this.#hear(frame);
      if (frame.t === "bye") this.close(frame.code);
    }
  }

  async #tell(body) {
    try {
      const headers = { "Content-Type": "application/json" };
      const answer = await fetch(this.#address, { method: "POST", headers, body, signal: this.#ending.signal });
      if (answer.ok) return this.#hear(await answer.json());
      return this.close(REFUSED[answer.status] ?? FAILED);
    } catch {
      return this.close(1006);
    }
  }

  #hear(frame) {
    if (this.readyState === OPEN) this.onmessage({ data: JSON.stringify(frame) });
  }
}
