import { keep, kept } from "./storage.js";

/** The form. Enter sends, with Shift it begins a line; on a touch keyboard Enter begins a line. What is typed is kept
 * over a reload. Writes a message, a reply to one, or other words for one. */
export class Composer {
  #form;
  #field;
  #button;
  #sends; // what is written on it
  #key;
  #send;
  #change;
  #longest;
  #isOpen = true;
  #doing = null; // { reply: seq } or { edit: seq }
  #before = ""; // what stood here before a message was to be changed

  /** `send(body, replyTo)`; `change(seq, body)` is a promise of words where it was refused. */
  constructor(form, key, { send, change }) {
    this.#form = form;
    this.#key = key;
    this.#send = send;
    this.#change = change;
    if (!form) return;
    this.#field = form.querySelector("textarea");
    this.#button = form.querySelector("button[type=submit]");
    this.#sends = this.#button.textContent;
    this.#longest = Number(form.dataset.liveLongest); // characters
    const error = form.querySelector("[data-live-too-long]");
    this.#field.setAttribute("aria-describedby", `${this.#field.getAttribute("aria-describedby") ?? ""} ${error.id}`.trim());
    if (!this.#field.value) this.#field.value = kept(key) ?? "";
    const answered = form.querySelector("[name=reply_to]").value || kept(`${key}:reply`)?.seq;
    if (answered) this.reply(Number(answered), kept(`${key}:reply`)?.author, { isLookedAt: false });
    form.querySelector("[data-live-undo]").addEventListener("click", (event) => {
      event.preventDefault();
      this.#done();
      this.#field.focus();
    });
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
    this.#button.addEventListener("mousedown", (event) => event.preventDefault());
    form.querySelector("[data-live-hint]").hidden = matchMedia("(pointer: coarse)").matches;
  }

  /** With the room closed or locked what was typed stays; an empty form goes. */
  setOpen(open) {
    this.#isOpen = open;
    if (this.#form) this.#form.hidden = !open && !this.#field.value && !this.#form.contains(document.activeElement);
  }

  /** What is sent next answers a message. Without an author's name the page has said already whom. */
  reply(seq, author, { isLookedAt = true } = {}) {
    if (!this.#form) return;
    this.#done();
    this.#doing = { reply: seq };
    keep(`${this.#key}:reply`, { seq, author });
    this.#say(author ? `You reply to ${author}.` : undefined);
    if (isLookedAt) this.#field.focus();
  }

  /** What is sent next stands in a message's place. */
  edit(seq, body) {
    if (!this.#form) return;
    this.#done();
    this.#doing = { edit: seq };
    this.#before = this.#field.value;
    this.#field.value = body;
    this.#say("You change what you said.");
    this.#button.textContent = "Save";
    this.#field.focus();
  }

  #done() {
    if (this.#doing?.edit) {
      this.#field.value = this.#before;
      this.#button.textContent = this.#sends;
    }
    this.#doing = null;
    this.#before = "";
    keep(`${this.#key}:reply`, null);
    this.#form.querySelector("[name=reply_to]").value = "";
    this.#form.querySelector("[data-live-doing]").hidden = true;
    this.#typed();
  }

  #say(words) {
    if (words) this.#form.querySelector("[data-live-doing-words]").textContent = words;
    this.#form.querySelector("[data-live-doing]").hidden = false;
  }

  async #submit() {
    const body = this.#field.value.trim();
    if (!body || !this.#isOpen || this.#tooMany(body)) return;
    if (this.#doing?.edit) return this.#submitChange(this.#doing.edit, body);
    const { reply } = this.#doing ?? {};
    this.#field.value = "";
    this.#done();
    return this.#send(body, reply);
  }

  async #submitChange(seq, body) {
    const refused = await this.#change(seq, body);
    if (this.#doing?.edit !== seq) return;
    if (!refused) return this.#done();
    const error = this.#form.querySelector("[data-live-too-long]");
    error.hidden = false;
    error.textContent = `Not changed. ${refused}`;
  }

  #typed() {
    if (!this.#doing?.edit) keep(this.#key, this.#field.value);
    const error = this.#form.querySelector("[data-live-too-long]");
    const tooMany = this.#tooMany(this.#field.value.trim());
    error.hidden = !tooMany;
    error.textContent = tooMany ? `Your message is ${tooMany} characters too long` : "";
  }

  #tooMany(body) {
    return Math.max(0, [...body].length - this.#longest);
  }
}
