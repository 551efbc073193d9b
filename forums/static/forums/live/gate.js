/** Lets new messages onto the page: at once, every so often, or when the reader goes on after a pause. What happens to a
 * message, such as that it was hidden, never waits. */
export class Gate {
  #show;
  #amend;
  #changed;
  #waiting = [];
  #isPaused = false;
  #everyMs = 0;
  #timer = null;

  /** `show(events)`, `amend(event)`; `changed(count)` hears how many wait during a pause, or null without one. */
  constructor({ show, amend, changed }) {
    this.#show = show;
    this.#amend = amend;
    this.#changed = changed;
  }

  take(events) {
    for (const event of events) {
      if (event.x === undefined) this.#waiting.push(event);
      else this.#pass(event);
    }
    if (this.#isPaused) this.#changed(this.#waiting.length);
    else if (!this.#everyMs) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), this.#everyMs);
  }

  flush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const events = this.#waiting.splice(0);
    if (events.length) this.#show(events);
    if (this.#isPaused) this.#changed(0);
  }

  forget() {
    this.#waiting = [];
    if (this.#isPaused) this.#changed(0);
  }

  togglePause() {
    this.#isPaused = !this.#isPaused;
    this.#changed(this.#isPaused ? 0 : null);
    if (!this.#isPaused) this.flush();
  }

  setSpeed(seconds) {
    this.#everyMs = seconds * 1_000;
    if (!this.#isPaused) this.flush();
  }

  #pass(event) {
    const waiting = this.#waiting.find((one) => one.s === event.x);
    if (waiting) waiting.h = event.h;
    else this.#amend(event);
  }
}
