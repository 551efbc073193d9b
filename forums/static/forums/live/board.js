import { keep, kept } from "./storage.js";

/** The questions of a session as its host has them. The server draws them; here what has changed takes the place of what
 * stood there. Nothing moves under a pointer, nor while somebody walks through the list by keyboard: then a button offers
 * the new order. Single keys work only while a question has the focus, and can be switched off. */

const SOON_MS = 300;
const ORDER_MS = 4_000; // while people vote, which changes the order all the time
const EVERY_MS = 20_000; // whatever has changed is told by the room beside; this is for when that is not connected
const KEYS = "guildhall:host-keys";

export class Board {
  #root;
  #board;
  #address;
  #timer = null;
  #orderTimer = null;
  #looking = false;
  #again = false;
  #pointerIsHere = false;
  #sorts = false; // the host has asked for the new order
  #last = null; // what was decided last
  #isOver = false;

  constructor(root, board) {
    this.#root = root;
    this.#board = board;
    this.#address = root.dataset.host;
    this.#part("tools").hidden = false;
    this.#part("about-keys").hidden = false;
    const keys = this.#part("keys");
    keys.checked = kept(KEYS) !== "off";
    keys.addEventListener("change", () => keep(KEYS, keys.checked ? null : "off"));
    board.addEventListener("pointerenter", ({ pointerType }) => (this.#pointerIsHere = pointerType === "mouse"));
    board.addEventListener("pointerleave", () => (this.#pointerIsHere = false));
    board.addEventListener("submit", (event) => this.#submit(event));
    board.addEventListener("keydown", (event) => this.#key(event));
    board.addEventListener("focusin", ({ target }) => this.#point(target.closest("[data-host-question]")));
    this.#part("sort").addEventListener("click", () => {
      this.#sorts = true;
      this.#look();
    });
    this.#point(null);
    setInterval(() => document.hidden || this.#look(), EVERY_MS);
  }

  lookSoon() {
    this.#timer ??= setTimeout(() => this.#look(), SOON_MS);
  }

  /** How many want to know, by the number of the question. The order follows a few seconds later. */
  count(votes) {
    for (const [number, count] of Object.entries(votes)) {
      const place = this.#board.querySelector(`[data-host-number="${number}"] [data-host-votes]`);
      if (place) place.textContent = count;
    }
    this.#orderTimer ??= setTimeout(() => {
      this.#orderTimer = null;
      this.#look();
    }, ORDER_MS);
  }

  #part(name) {
    return this.#root.querySelector(`[data-host-${name}]`);
  }

  get #questions() {
    return [...this.#board.querySelectorAll("[data-host-question]")].filter((one) => one.offsetParent);
  }

  async #look() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isOver) return;
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = true;
    try {
      const answer = await fetch(this.#address, { cache: "no-store", redirect: "manual" });
      if (answer.ok) this.#show(await answer.text());
      else if (answer.status < 500) this.#end();
    } catch {
      // No connection: the room beside says so, and the next look tries again.
    } finally {
      this.#looking = false;
      if (this.#again) {
        this.#again = false;
        this.lookSoon();
      }
    }
  }

  #end() {
    this.#isOver = true;
    this.#say("You can no longer host this session here. Load the page again.");
  }

  #say(words) {
    this.#part("said-here").textContent = words;
  }

  async #submit(event) {
    const form = event.target.closest("[data-host-form]");
    if (!form) return;
    event.preventDefault();
    const question = form.closest("[data-host-question]");
    const next = this.#neighbour(question);
    this.#last = question.dataset.hostQuestion;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new FormData(form, event.submitter),
        headers: { "X-Requested-With": "XMLHttpRequest" },
        redirect: "manual",
      });
      const text = await answer.text();
      if (!text.includes("data-host-board")) return this.#say("That did not work. Load the page again.");
      const said = this.#show(text);
      this.#say(said);
      if (answer.ok) this.#goOn(question.dataset.hostQuestion, next);
    } catch {
      this.#say("The connection is lost. Try again in a moment.");
    }
  }

  /** After a decision the focus is on a question still: the one that was decided if it can be seen, or the next. */
  #goOn(uid, next) {
    const active = document.activeElement;
    if (active && active !== document.body && this.#board.contains(active)) return;
    const decided = this.#questions.find((one) => one.dataset.hostQuestion === uid);
    const stays = decided?.closest("[data-host-list]").dataset.hostList === "answering";
    const after = this.#questions.find((one) => one.dataset.hostQuestion === next);
    (stays ? decided : (after ?? this.#questions[0] ?? document.getElementById("host-waiting"))).focus();
  }

  #neighbour(question) {
    const all = this.#questions;
    const place = all.indexOf(question);
    return (all[place + 1] ?? all[place - 1])?.dataset.hostQuestion;
  }

  /** Puts what the server has drawn in the place of what has changed; what it says of what was done. */
  #show(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("[data-host-board]");
    const known = new Map();
    for (const one of this.#board.querySelectorAll("[data-host-question]")) known.set(one.dataset.hostQuestion, one);
    const focused = document.activeElement?.closest?.("[data-host-question]")?.dataset.hostQuestion;
    const isHeldStill = !this.#sorts && (this.#pointerIsHere || Boolean(focused));
    this.#sorts = false;
    let isInOrder = true;
    for (const list of fresh.querySelectorAll("[data-host-list]")) {
      const wanted = [...list.children].map((one) => this.#newest(known, one));
      isInOrder = this.#fill(this.#board.querySelector(`[data-host-list="${list.dataset.hostList}"]`), wanted, isHeldStill) && isInOrder;
    }
    for (const part of fresh.querySelectorAll("[data-host-part]")) {
      const here = this.#board.querySelector(`[data-host-part="${part.dataset.hostPart}"]`);
      here.hidden = part.hidden;
      const count = part.querySelector("[data-host-count]");
      if (count) here.querySelector("[data-host-count]").textContent = count.textContent;
      const jump = this.#root.querySelector(`[data-host-jump="${part.dataset.hostPart}"]`);
      if (jump) {
        jump.hidden = part.hidden;
        jump.querySelector("[data-host-jump-count]").textContent = count.textContent;
      }
      const none = part.querySelector("[data-host-none]");
      if (none) here.querySelector("[data-host-none]").hidden = none.hidden;
    }
    this.#part("open-count").textContent = fresh.dataset.hostOpen;
    const came = fresh.dataset.hostCame;
    this.#part("all-came").textContent = `${came} ${came === "1" ? "has" : "have"} come in all`;
    this.#part("sort").hidden = isInOrder;
    if (focused && !document.activeElement?.closest?.("[data-host-question]")) {
      const still = this.#questions.find((one) => one.dataset.hostQuestion === focused);
      // Somebody else has decided about it: the focus goes with the question, unless it has gone out of sight.
      still?.focus({ preventScroll: true });
    }
    this.#point(document.activeElement?.closest?.("[data-host-question]"));
    return fresh.dataset.hostSaid ?? "";
  }

  #newest(known, fresh) {
    const here = known.get(fresh.dataset.hostQuestion);
    if (here?.dataset.hostStep !== fresh.dataset.hostStep) return document.adoptNode(fresh);
    const votes = here.querySelector("[data-host-votes]");
    if (votes) votes.textContent = fresh.querySelector("[data-host-votes]").textContent;
    return here;
  }

  /** Whether the list stands in the order that is wanted. */
  #fill(list, wanted, isHeldStill) {
    const uids = new Set(wanted.map((one) => one.dataset.hostQuestion));
    let order = wanted;
    if (isHeldStill) {
      const before = [...list.children].map((one) => one.dataset.hostQuestion).filter((uid) => uids.has(uid));
      const place = (one) => {
        const at = before.indexOf(one.dataset.hostQuestion);
        return at < 0 ? before.length : at;
      };
      order = [...wanted].sort((one, other) => place(one) - place(other));
    }
    for (const one of [...list.children]) if (!order.includes(one)) one.remove();
    order.forEach((one, at) => {
      if (list.children[at] !== one) list.insertBefore(one, list.children[at] ?? null);
    });
    return order.every((one, at) => one === wanted[at]);
  }

  /** One question at a time is a stop of the Tab key; the arrows lead to the others. */
  #point(question) {
    const all = [...this.#board.querySelectorAll("[data-host-question]")];
    const pointed = question ?? all.find((one) => one.tabIndex === 0) ?? all[0];
    for (const one of all) one.tabIndex = one === pointed ? 0 : -1;
  }

  #key(event) {
    const { key, target } = event;
    const question = target.closest("[data-host-question]");
    if (!question || event.ctrlKey || event.metaKey || event.altKey || target.matches("input, textarea, select")) return;
    if (key === "ArrowDown" || key === "ArrowUp") {
      const all = this.#questions;
      const next = all[all.indexOf(question) + (key === "ArrowDown" ? 1 : -1)];
      if (next) {
        event.preventDefault();
        next.focus();
      }
      return;
    }
    if (!this.#part("keys").checked || key.length !== 1 || event.repeat) return;
    const letter = key.toLowerCase();
    const decided = letter === "u" && this.#board.querySelector(`[data-host-question="${this.#last}"]`);
    const button = (decided || question).querySelector(`[data-host-key="${CSS.escape(letter)}"]`);
    if (!button) return;
    event.preventDefault();
    button.form.requestSubmit(button);
  }
}
