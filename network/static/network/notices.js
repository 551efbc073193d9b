/**
 * How much is new, while a page is open: a socket says the number, and the header shows it. What is new is asked for by the
 * menu when it is opened. Without a socket the next page shows the number.
 *
 * The number changes in place without a word. That it has grown is said aloud politely, and at most once a minute.
 */

const BEGIN_AFTER_MS = 1_000; // whoever only passes through a page needs no socket for it
const STOP = new Set([4400, 4401, 4403, 4404]);
const TOO_MANY = 4405; // a newer page has our place; this one asks again when it is looked at
const SILENT_MS = 75_000; // the server says the number again every 30 seconds
const SHORTEST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 120_000;
const SAY_EVERY_MS = 60_000;

export function followNotices(header) {
  if (!header || !("WebSocket" in window)) return;
  const badge = new Badge(header);
  const { protocol, host } = location;
  const address = `${protocol === "https:" ? "wss" : "ws"}://${host}${header.dataset.appNotices}`;
  new Line(address, (frame) => badge.show(frame)).openAfter(BEGIN_AFTER_MS);
}

/** One socket after another. */
class Line {
  #address;
  #hear;
  #socket = null;
  #timer = 0;
  #heardAt = 0;
  #failures = 0;
  #state = "open"; // or "stopped", or "waiting" until the page is looked at

  constructor(address, hear) {
    this.#address = address;
    this.#hear = hear;
    addEventListener("online", () => this.#look());
    document.addEventListener("visibilitychange", () => document.hidden || this.#look());
    // A page that the browser keeps for going back may have no open socket.
    addEventListener("pagehide", () => this.#drop());
    addEventListener("pageshow", (event) => event.persisted && this.#state !== "stopped" && this.openAfter(0));
  }

  openAfter(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), ms);
  }

  #open() {
    this.#drop();
    this.#state = "open";
    const socket = new WebSocket(this.#address);
    this.#socket = socket;
    this.#silence();
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      this.#failures = 0;
      this.#silence();
      this.#hear(JSON.parse(data));
    };
    socket.onclose = ({ code }) => socket === this.#socket && this.#closed(code);
  }

  #closed(code) {
    this.#drop();
    if (STOP.has(code)) this.#state = "stopped";
    else if (code === TOO_MANY) this.#state = "waiting";
    else {
      // Each browser at another moment, so that a server that comes back is not asked by all of them at once.
      this.#failures += 1;
      const longest = Math.min(SHORTEST_RETRY_MS * 2 ** this.#failures, LONGEST_RETRY_MS);
      this.openAfter(SHORTEST_RETRY_MS / 2 + Math.random() * longest);
    }
  }

  /** A line that says nothing for so long is none. */
  #silence() {
    this.#heardAt = Date.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#closed(0), SILENT_MS);
  }

  /** The machine may have slept, and its timers with it. */
  #look() {
    if (this.#state === "stopped") return;
    if (!this.#socket || Date.now() - this.#heardAt > SILENT_MS) this.openAfter(Math.random() * 1_000);
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#timer);
    if (socket && socket.readyState === WebSocket.OPEN) socket.close();
  }
}

class Badge {
  #header;
  #menu;
  #link;
  #fill;
  #shown;
  #said;
  #saidAt = 0;

  constructor(header) {
    this.#header = header;
    this.#menu = header.querySelector("[data-app-notice-menu]");
    this.#link = header.querySelector("[data-app-notice-link]");
    this.#fill = this.#menu.dataset.appFill;
    this.#shown = this.#menu.querySelector(".app-count")?.firstChild.data ?? "0";
    this.#said = document.createElement("p");
    this.#said.className = "govuk-visually-hidden";
    this.#said.setAttribute("role", "status");
    header.append(this.#said);
    // Nothing goes from under somebody's hands: what is to be hidden is when they have left it.
    this.#menu.addEventListener("toggle", () => this.#settle());
    for (const part of [this.#menu, this.#link]) part.addEventListener("focusout", () => setTimeout(() => this.#settle()));
  }

  show({ n, more }) {
    const words = more ? `${n}+` : String(n);
    if (words === this.#shown) return;
    const hasGrown = n > parseInt(this.#shown, 10) || (more && n === parseInt(this.#shown, 10));
    this.#shown = words;
    if (n > 0) count(this.#menu.querySelector("summary"), words, " new");
    count(this.#header.querySelector("[data-app-menu-button]"), n > 0 ? words : "", n === 1 ? " new notice" : " new notices");
    this.#settle();
    if (hasGrown) this.#say(words, n);
  }

  #settle() {
    const hasSome = this.#shown !== "0";
    const [wanted, other] = hasSome ? [this.#menu, this.#link] : [this.#link, this.#menu];
    // What the menu lists is of another time: it is asked for again when it is next opened.
    if (hasSome && !this.#menu.open) this.#menu.dataset.appFill = this.#fill;
    if (other.contains(document.activeElement) || (other === this.#menu && this.#menu.open)) return;
    wanted.hidden = false;
    other.hidden = true;
  }

  #say(words, n) {
    if (document.hidden || Date.now() - this.#saidAt < SAY_EVERY_MS) return;
    this.#saidAt = Date.now();
    this.#said.textContent = `${words} new notice${n === 1 ? "" : "s"}`;
    setTimeout(() => (this.#said.textContent = ""), 5_000);
  }
}

/** Puts a count at the end of a link or a button, in place of the one there; an empty one takes it away. */
function count(place, words, ofWhat) {
  place?.querySelector(".app-count")?.remove();
  if (!place || !words) return;
  const shown = document.createElement("span");
  shown.className = "app-count";
  const unseen = document.createElement("span");
  unseen.className = "govuk-visually-hidden";
  unseen.textContent = ofWhat;
  shown.append(words, unseen);
  place.append(shown);
}
