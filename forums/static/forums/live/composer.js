import { keep, kept } from "./storage.js";

/** The form. Enter sends, with Shift it begins a line; on a touch keyboard Enter begins a line. What is typed is kept
 * over a reload. */
export class Composer {
  #form;
  #field;
  #key;
  #send;
  #longest;
  #isOpen = true;

  constructor(form, key, { send }) {
    this.#form = form;
    this.#key = key;
    this.#send = send;
    if (!form) return;
    this.#field = form.querySelector("textarea");
    this.#longest = Number(form.dataset.liveLongest); // characters
    const error = form.querySelector("[data-live-too-long]");
    this.#field.setAttribute("aria-describedby", `${this.#field.getAttribute("aria-describedby") ?? ""} ${error.id}`.trim());
    if (!this.#field.value) this.#field.value = kept(key) ?? "";
    this.#field.addEventListener("input", () => this.#typed());
    this.#field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || matchMedia("(pointer: coarse)").matches) return;
      event.preventDefault();
      this.#submit();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    // Pressing the button leaves the cursor, and a phone's keyboard, where they are.
    form.querySelector("button").addEventListener("mousedown", (event) => event.preventDefault());
    form.querySelector("[data-live-hint]").hidden = matchMedia("(pointer: coarse)").matches;
  }

  /** With the room closed what was typed stays; an empty form goes. */
  setOpen(open, closed) {
    this.#isOpen = open;
    closed.hidden = open;
    if (this.#form) this.#form.hidden = !open && !this.#field.value && !this.#form.contains(document.activeElement);
  }

  #submit() {
    const body = this.#field.value.trim();
    if (!body || !this.#isOpen || this.#tooMany(body)) return;
    this.#field.value = "";
    this.#typed();
    this.#send(body);
  }

  #typed() {
    keep(this.#key, this.#field.value);
    const error = this.#form.querySelector("[data-live-too-long]");
    const tooMany = this.#tooMany(this.#field.value.trim());
    error.hidden = !tooMany;
    error.textContent = tooMany ? `Your message is ${tooMany} characters too long` : "";
  }

  #tooMany(body) {
    return Math.max(0, [...body].length - this.#longest);
  }
}
