/** The list of messages. Follows the newest while its end is in view; otherwise nothing moves and a button says how many
 * are new. Never takes the focus. */

const NEAR_THE_END = 60; // pixels

export class Log {
  #list;
  #jump;
  #empty;
  #unseen = 0;

  constructor(list, { jump, empty }) {
    this.#list = list;
    this.#jump = jump;
    this.#empty = empty;
    list.tabIndex = 0; // it scrolls, so it can be reached by keyboard
    list.addEventListener("scroll", () => this.#isAtEnd() && this.#seen());
    jump.addEventListener("click", () => {
      this.toEnd();
      list.focus({ preventScroll: true }); // the button has just gone from under them
    });
    if (!list.querySelector(":target")) this.toEnd();
  }

  append(events) {
    const follows = this.#follows();
    for (const event of events) {
      const template = document.createElement("template");
      template.innerHTML = event.h;
      this.#list.insertBefore(template.content, this.#firstPending());
    }
    this.#grown(follows, events.length);
  }

  replace(list) {
    for (const message of this.#list.querySelectorAll("[data-seq]")) message.remove();
    this.#list.prepend(...list.querySelectorAll("[data-seq]"));
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
    return this.#isAtEnd() && !isReading;
  }

  #isAtEnd() {
    return this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < NEAR_THE_END;
  }

  #grown(follows, count) {
    if (this.#empty && this.#list.children.length) this.#empty.hidden = true;
    if (follows) return this.toEnd();
    this.#unseen += count;
    this.#jump.textContent = this.#unseen === 1 ? "1 new message" : `${this.#unseen} new messages`;
    this.#jump.hidden = !this.#unseen;
    return undefined;
  }

  #seen() {
    this.#unseen = 0;
    this.#jump.hidden = true;
  }
}
