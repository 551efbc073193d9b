import { keep, kept } from "./storage.js";

/**
 * What has been sent but not confirmed. Kept over reloads, sent in order and one at a time, each under a name of its own
 * (a UUID), so that sending it again can never say it twice.
 */
export class Outbox {
  #key;
  #transmit;
  #changed;
  #items;
  #onItsWay = null;
  #isPaused = true;

  /** `transmit(item)` sends one; `changed(items)` hears of every change. */
  constructor(key, { transmit, changed }) {
    this.#key = key;
    this.#transmit = transmit;
    this.#changed = changed;
    this.#items = (kept(key) ?? []).filter((item) => item.state === "sending" || item.state === "failed");
    // Most often these have been said already, and stand on the page: ask the server before showing them.
    if (this.#items.length) setTimeout(() => this.#changed(this.#items), 1_000);
  }

  add(body, replyTo) {
    this.#items.push({ c: newId(), b: body, re: replyTo, state: "sending" });
    this.#save();
    this.#next();
  }

  /** The server has it; it stands here until it stands in the log. */
  sent(c) {
    const item = this.#items.find((one) => one.c === c);
    if (item) item.state = "sent";
    if (this.#onItsWay === c) this.#onItsWay = null;
    this.#save();
    this.#next();
  }

  /** The server keeps it for the host, and says so in words. On the next page it stands without us. */
  held(c, words) {
    const item = this.#items.find((one) => one.c === c);
    if (item) Object.assign(item, { state: "held", words });
    if (this.#onItsWay === c) this.#onItsWay = null;
    this.#save();
    this.#next();
  }

  /** It stands in the log. */
  said(c) {
    if (!this.#items.some((one) => one.c === c)) return;
    this.#take(c);
    this.#save();
    this.#next();
  }

  /** It was not said. With `retryMs` it goes out again by itself. */
  refuse(c, words, retryMs) {
    const item = this.#items.find((one) => one.c === c);
    if (this.#onItsWay === c) this.#onItsWay = null;
    if (!item) return;
    if (retryMs === undefined) {
      item.state = "failed";
      item.words = words;
      this.#save();
      this.#next();
    } else {
      this.#isPaused = true;
      setTimeout(() => this.resume(), retryMs);
    }
  }

  retry(c) {
    const item = this.#items.find((one) => one.c === c);
    if (!item) return;
    item.state = "sending";
    this.#save();
    this.#next();
  }

  drop(c) {
    this.#take(c);
    this.#save();
  }

  pause() {
    this.#isPaused = true;
    this.#onItsWay = null;
  }

  resume() {
    this.#isPaused = false;
    this.#onItsWay = null;
    this.#next();
  }

  #next() {
    if (this.#isPaused || this.#onItsWay) return;
    const item = this.#items.find((one) => one.state === "sending");
    if (item && this.#transmit(item)) this.#onItsWay = item.c;
  }

  #take(c) {
    this.#items = this.#items.filter((one) => one.c !== c);
    if (this.#onItsWay === c) this.#onItsWay = null;
  }

  #save() {
    keep(this.#key, this.#items.length ? this.#items : null);
    this.#changed(this.#items);
  }
}

export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Only pages served securely have randomUUID.
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-a$4-$5");
}
