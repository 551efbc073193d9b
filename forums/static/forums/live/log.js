/** The list of messages. Follows the newest while its end is in view; otherwise nothing moves and a button says how many
 * are new. Under a pointer that is about to press something nothing moves either. Never takes the focus. */

import { made } from "./made.js";

const NEAR_THE_END = 60; // pixels
const POINTER_RESTS_MS = 2_500;

export class Log {
  #list;
  #jump;
  #empty;
  #dress;
  #unseen = 0;
  #pointerMovedAt = -Infinity;
  #following = null;

  /** `dress(message)` puts beside a message what a reader may do to it. */
  constructor(list, { jump, empty, dress = () => {} }) {
    this.#list = list;
    this.#jump = jump;
    this.#empty = empty;
    this.#dress = dress;
    list.addEventListener("pointermove", ({ pointerType }) => {
      if (pointerType === "mouse") this.#pointerMovedAt = performance.now();
    });
    list.addEventListener("pointerleave", () => (this.#pointerMovedAt = -Infinity));
    list.tabIndex = 0; // it scrolls, so it can be reached by keyboard
    list.addEventListener("scroll", () => {
      if (this.#isAtEnd()) this.#seen();
    });
    // Whoever scrolls up themselves is not followed for any more.
    for (const kind of ["wheel", "touchmove", "keydown"]) {
      list.addEventListener(kind, () => this.#letBe(), { passive: true });
    }
    jump.addEventListener("click", () => {
      this.toEnd();
      list.focus({ preventScroll: true }); // the button has just gone from under them
    });
    if (!list.querySelector(":target")) this.toEnd();
  }

  append(events) {
    const follows = this.#follows();
    for (const event of events) {
      const message = made(event.h);
      this.#list.insertBefore(message, this.#firstPending());
      this.#dress(message);
    }
    this.#grown(follows, events.length);
  }

  /** Shows a message that stands here as it looks now. What stands beside it stays, with the focus that it may have. */
  amend(seq, html) {
    const message = this.message(seq);
    if (!message) return;
    const follows = this.#follows();
    const fresh = made(html);
    message.className = fresh.className;
    message.toggleAttribute("data-hidden", fresh.hasAttribute("data-hidden"));
    for (const part of [...message.children]) {
      if (!part.matches("[data-live-controls], [data-live-panel]")) part.remove();
    }
    message.prepend(...fresh.children);
    this.#dress(message);
    if (follows) this.toEnd();
  }

  message(seq) {
    return this.#list.querySelector(`[data-seq="${seq}"]`);
  }

  replace(list) {
    for (const message of this.#list.querySelectorAll("[data-seq]")) message.remove();
    const fresh = [...list.querySelectorAll("[data-seq]")];
    this.#list.prepend(...fresh);
    for (const message of fresh) this.#dress(message);
    this.#grown(true, 0);
  }

  /** For what is being sent: always after what has been said. */
  appendPending(entry) {
    this.#list.append(entry);
    this.#grown(true, 0);
  }

  words(seq) {
    return this.#list.querySelector(`[data-seq="${seq}"] .app-message__body`)?.textContent.trim() ?? "";
  }

  toEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#seen();
  }

  #firstPending() {
    return this.#list.querySelector("[data-client-id]");
  }

  /** Somebody who selects or walks through what was said must not have it pulled away. */
  #follows() {
    const selection = getSelection();
    const isReading =
      (this.#list.contains(document.activeElement) && document.activeElement !== this.#list) ||
      (!selection.isCollapsed && this.#list.contains(selection.anchorNode));
    return (this.#isAtEnd() || this.#following !== null) && !isReading;
  }

  #isAtEnd() {
    return this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < NEAR_THE_END;
  }

  #grown(follows, count) {
    if (this.#empty && this.#list.children.length) this.#empty.hidden = true;
    const rest = this.#pointerMovedAt + POINTER_RESTS_MS - performance.now();
    if (follows && rest <= 0) return this.toEnd();
    if (follows) {
      clearTimeout(this.#following);
      this.#following = setTimeout(() => this.#grown(true, 0), rest);
    }
    this.#unseen += count;
    this.#jump.textContent = this.#unseen === 1 ? "1 new message" : `${this.#unseen} new messages`;
    this.#jump.hidden = !this.#unseen;
    return undefined;
  }

  #letBe() {
    clearTimeout(this.#following);
    this.#following = null;
  }

  #seen() {
    clearTimeout(this.#following);
    this.#following = null;
    this.#unseen = 0;
    this.#jump.hidden = true;
  }
}
