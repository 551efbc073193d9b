const REST_MS = 5_000;
const GATHER_MS = 800;
const WORTH_SAYING_MS = 3_000;

/** Tells users of screen readers what happens, politely and at most once in five seconds: the list of messages itself
 * is no live region, for in a lively room it would never be silent. */
export class Announcer {
  #region;
  #messages = [];
  #news = "";
  #status = "";
  #timer = null;
  #restUntil = 0;
  #trouble = null;
  #hasToldTrouble = false;
  #tellsMessages = true;

  constructor(region) {
    this.#region = region;
  }

  /** Whether messages are told at all; what becomes of the connection always is. */
  setTelling(tells) {
    this.#tellsMessages = tells;
    if (tells) return;
    this.#messages = [];
    this.#news = "";
  }

  message(author, words) {
    if (!this.#tellsMessages) return;
    this.#messages.push({ author, words });
    this.#soon();
  }

  /** What comes beside the messages, such as questions. */
  news(words) {
    if (!this.#tellsMessages) return;
    this.#news = words;
    this.#soon();
  }

  status(words) {
    this.#status = words;
    this.#soon();
  }

  /** Said only if it lasts. */
  lost(words) {
    this.#trouble ??= setTimeout(() => {
      this.#hasToldTrouble = true;
      this.status(words);
    }, WORTH_SAYING_MS);
  }

  back(words) {
    clearTimeout(this.#trouble);
    this.#trouble = null;
    if (this.#hasToldTrouble) this.status(words);
    this.#hasToldTrouble = false;
  }

  #soon() {
    this.#timer ??= setTimeout(() => this.#say(), Math.max(GATHER_MS, this.#restUntil - performance.now()));
  }

  #say() {
    this.#region.textContent = [this.#status, this.#news, this.#summary()].filter(Boolean).join(" ");
    this.#status = "";
    this.#news = "";
    this.#messages = [];
    this.#timer = null;
    this.#restUntil = performance.now() + REST_MS;
  }

  #summary() {
    const latest = this.#messages.at(-1);
    if (!latest) return "";
    if (this.#messages.length === 1) return `${latest.author}: ${latest.words}`;
    return `${this.#messages.length} new messages, the latest from ${latest.author}`;
  }
}
