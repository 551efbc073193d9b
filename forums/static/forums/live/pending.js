/** Shows what is being sent at the end of the log, and what became of it: "sending", or why not and what to do. */
export class Pending {
  #template;
  #log;
  #shown = new Map();
  #waits = false;
  onRetry = () => {};
  onDrop = () => {};

  constructor(template, log) {
    this.#template = template;
    this.#log = log;
  }

  show(items) {
    const wanted = new Set(items.map((item) => item.c));
    for (const [c, entry] of this.#shown) {
      if (wanted.has(c)) continue;
      entry.remove();
      this.#shown.delete(c);
    }
    for (const item of items) {
      if (!this.#shown.has(item.c)) this.#add(item);
      this.#update(this.#shown.get(item.c), item);
    }
  }

  /** Whether the connection is away, so that nothing is on its way before it is back. */
  wait(waits) {
    this.#waits = waits;
    for (const entry of this.#shown.values()) {
      if (entry.classList.contains("app-message--sending")) entry.querySelector("[data-live-progress]").textContent = this.#sending();
    }
  }

  #sending() {
    return this.#waits ? "Not sent yet" : "Sending…";
  }

  #add(item) {
    const entry = this.#template.content.firstElementChild.cloneNode(true);
    entry.dataset.clientId = item.c;
    entry.querySelector(".app-message__body").textContent = item.b;
    entry.querySelector("[data-live-retry]").addEventListener("click", () => this.onRetry(item.c));
    entry.querySelector("[data-live-drop]").addEventListener("click", () => this.onDrop(item.c));
    this.#shown.set(item.c, entry);
    this.#log.appendPending(entry);
  }

  #update(entry, item) {
    const failed = item.state === "failed";
    const progress = { sending: this.#sending(), sent: "Sent", held: item.words, failed: `Not sent. ${item.words}` };
    entry.classList.toggle("app-message--failed", failed);
    entry.classList.toggle("app-message--sending", item.state === "sending");
    entry.querySelector("[data-live-progress]").textContent = progress[item.state];
    entry.querySelector("[data-live-failed]").hidden = !failed;
  }
}
