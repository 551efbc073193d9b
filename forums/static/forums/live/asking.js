import { newId } from "./outbox.js";
import { keep, kept } from "./storage.js";

/** The form for a question. What is typed is kept over a reload until it has been asked. */
export class Asking {
  #fold;
  #form;
  #field;
  #key;
  #ask;
  #error;
  #said;
  #longest;
  #attempt = {}; // what was sent last, and the name it was sent by: sent again, it is the same question
  #isOnItsWay = false;
  #isNextReady = false; // another question was sent off while one was on its way

  /** `ask({ c, b, anon })` is a promise of what to say; it throws where the question was refused, with the reason. */
  constructor(fold, key, ask) {
    this.#fold = fold;
    this.#key = key;
    this.#ask = ask;
    if (!fold) return;
    this.#form = fold.querySelector("[data-live-ask-form]");
    this.#field = this.#form.querySelector("textarea");
    this.#error = this.#form.querySelector("[data-live-ask-error]");
    this.#said = this.#form.querySelector("[data-live-asked]");
    this.#longest = Number(this.#form.dataset.liveLongest); // characters
    this.#field.setAttribute("aria-describedby", `${this.#field.getAttribute("aria-describedby") ?? ""} ${this.#error.id}`.trim());
    const before = kept(key);
    if (before?.b && !this.#field.value) {
      this.#field.value = before.b;
      if (this.#unnamed) this.#unnamed.checked = before.anon;
      fold.open = true;
    }
    this.#form.addEventListener("input", () => this.#typed());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** With the host taking no questions, or the room closed or locked, what was typed stays; an empty form goes. */
  setOpen(open) {
    if (this.#fold) this.#fold.hidden = !open && !this.#field.value && !this.#fold.contains(document.activeElement);
  }

  get #unnamed() {
    return this.#form.querySelector("[name=is_unnamed]");
  }

  #typed() {
    keep(this.#key, this.#field.value ? { b: this.#field.value, anon: this.#unnamed?.checked } : null);
    this.#said.textContent = "";
    const tooMany = [...this.#field.value.trim()].length - this.#longest;
    this.#wrong(tooMany > 0 ? `Your question is ${tooMany} characters too long` : "");
  }

  async #submit() {
    const b = this.#field.value.trim();
    const anon = Boolean(this.#unnamed?.checked);
    if ([...b].length > this.#longest) return;
    if (this.#isOnItsWay) {
      this.#isNextReady = b !== this.#attempt.b;
      return;
    }
    if (!b) return this.#wrong("Enter your question");
    if (this.#attempt.b !== b || this.#attempt.anon !== anon) this.#attempt = { c: newId(), b, anon };
    this.#isOnItsWay = true;
    this.#said.textContent = "";
    try {
      const words = await this.#ask(this.#attempt);
      this.#attempt = {};
      // Unless they have gone on typing meanwhile.
      if (this.#field.value.trim() === b) this.#field.value = "";
      this.#typed();
      this.#said.textContent = words;
    } catch (refused) {
      this.#isNextReady = false;
      this.#wrong(`Not asked. ${refused.message}`);
    } finally {
      this.#isOnItsWay = false;
    }
    if (this.#isNextReady) {
      this.#isNextReady = false;
      this.#submit();
    }
  }

  #wrong(words) {
    this.#error.textContent = words;
    this.#error.hidden = !words;
  }
}
