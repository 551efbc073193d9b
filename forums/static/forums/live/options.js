/** What a reader may do to each message: the links beside it that the page has without a script, and a panel that they
 * open here. */

const YOUNG_S = 300; // so long its author may change a message

export class Options {
  #list;
  #templates;
  #member;
  #does;
  #labels;

  /** `does` holds reply(seq, author), edit(seq), remove(seq) and react(seq, kind, on), each but the first a promise of
   * words where it was refused. */
  constructor(list, templates, member, does) {
    this.#list = list;
    this.#templates = templates;
    this.#member = member;
    this.#does = does;
    const buttons = [...templates.panel.content.querySelectorAll("[data-live-react]")];
    this.#labels = new Map(buttons.map((button) => [button.dataset.liveReact, button.textContent]));
    list.addEventListener("click", (event) => this.#clicked(event));
    list.addEventListener("keydown", (event) => {
      const options = event.target.closest("[data-live-options]");
      if (options && event.key === " ") {
        event.preventDefault();
        this.#toggle(options);
      }
      const panel = event.target.closest("[data-live-panel]");
      if (panel && event.key === "Escape") {
        const opener = this.#of(panel).querySelector("[data-live-options]");
        this.#toggle(opener);
        opener.focus();
      }
    });
    for (const message of list.querySelectorAll("[data-seq]")) this.#ready(message);
  }

  /** Puts beside a message what belongs there as it is now. */
  dress(message) {
    const { seq } = message.dataset;
    let controls = message.querySelector("[data-live-controls]");
    if (!controls) {
      controls = this.#copy(this.#templates.controls, seq).querySelector("[data-live-controls]");
      message.append(controls);
    }
    const isHidden = message.classList.contains("app-message--hidden");
    // What they stand on goes: the message itself takes them, for at the top of the page they would be lost.
    if (isHidden && message.contains(document.activeElement)) {
      message.tabIndex = -1;
      message.focus({ preventScroll: true });
    }
    for (const link of controls.querySelectorAll("[data-live-reply], [data-live-options]")) link.hidden = isHidden;
    if (isHidden) message.querySelector("[data-live-panel]")?.remove();
    controls.querySelector("[data-live-why]")?.remove();
    if (message.hasAttribute("data-hidden")) this.#showWhy(message, controls);
    this.#ready(message);
  }

  /** For the author of a message that was hidden, and whoever looks after the room. */
  #showWhy(message, controls) {
    const link = this.#copy(this.#templates.hidden, message.dataset.seq).querySelector("a");
    if (link.hasAttribute("data-live-own") && message.dataset.author !== this.#member) return;
    controls.prepend(link);
  }

  /** How often messages were reacted to: by number, and then by kind. */
  count(reactions) {
    for (const [seq, counts] of Object.entries(reactions)) {
      const place = this.#list.querySelector(`[data-seq="${seq}"] [data-live-reactions]`);
      if (!place) continue;
      const words = [...this.#labels].filter(([kind]) => counts[kind]).map(([kind, label]) => `${label} ${counts[kind]}`);
      place.textContent = words.join(", ");
    }
  }

  #ready(message) {
    const options = message.querySelector("[data-live-options]");
    if (!options) return;
    options.setAttribute("role", "button");
    options.setAttribute("aria-expanded", String(Boolean(message.querySelector("[data-live-panel]"))));
  }

  #clicked(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const target = event.target.closest("a, button");
    const message = target && this.#of(target);
    if (!message) return;
    const seq = Number(message.dataset.seq);
    if (target.matches("[data-live-reply]")) {
      event.preventDefault();
      this.#does.reply(seq, message.querySelector(".app-message__author").textContent);
    } else if (target.matches("[data-live-options]")) {
      event.preventDefault();
      this.#toggle(target);
    } else if (target.matches("[data-answers]")) {
      this.#follow(target, event);
    } else if (target.matches("[data-live-edit]")) {
      this.#do(message, this.#does.edit(seq));
    } else if (target.matches("[data-live-delete]")) {
      if (confirm("Delete this message?")) this.#do(message, this.#does.remove(seq));
    } else if (target.matches("[data-live-react]")) {
      this.#react(message, target);
    }
  }

  #toggle(opener) {
    const message = this.#of(opener);
    const open = message.querySelector("[data-live-panel]");
    opener.setAttribute("aria-expanded", String(!open));
    if (open) return open.remove();
    const panel = this.#copy(this.#templates.panel, message.dataset.seq).querySelector("[data-live-panel]");
    const isOwn = message.dataset.author === this.#member;
    const isYoung = Date.now() / 1_000 - Number(message.dataset.at) < YOUNG_S;
    for (const part of panel.querySelectorAll("[data-live-anothers]")) part.hidden = isOwn;
    for (const part of panel.querySelectorAll("[data-live-young]")) part.hidden = !isOwn || !isYoung;
    for (const button of panel.querySelectorAll("[data-live-react]")) {
      this.#press(button, this.#own(message).has(button.dataset.liveReact));
    }
    message.append(panel);
    // Under the newest message it would open out of sight.
    return panel.scrollIntoView({ block: "nearest" });
  }

  async #react(message, button) {
    const kind = button.dataset.liveReact;
    const own = this.#own(message);
    const on = !own.has(kind);
    const refused = await this.#do(message, this.#does.react(Number(message.dataset.seq), kind, on));
    if (refused) return;
    own[on ? "add" : "delete"](kind);
    message.querySelector("[data-live-controls]").dataset.own = [...own].join(" ");
    this.#press(button, on);
  }

  #press(button, isPressed) {
    button.setAttribute("aria-pressed", String(isPressed));
    button.classList.toggle("app-react__button--own", isPressed);
  }

  #own(message) {
    const { own } = message.querySelector("[data-live-controls]").dataset;
    return new Set(own ? own.split(" ") : []);
  }

  async #do(message, promise) {
    const words = await promise;
    const says = message.querySelector("[data-live-says]");
    if (says) says.textContent = words ?? "";
    return words;
  }

  /** To the message that was answered, where it stands in the list; else the link leads to its page. */
  #follow(link, event) {
    const answered = this.#list.querySelector(`[data-seq="${link.dataset.answers}"]`);
    if (!answered) return;
    event.preventDefault();
    answered.tabIndex = -1;
    answered.focus({ preventScroll: true });
    answered.scrollIntoView({ block: "center" });
  }

  #of(part) {
    return part.closest("[data-seq]");
  }

  /** A copy of what the page holds for the message number 0. */
  #copy(template, seq) {
    const copy = template.content.cloneNode(true);
    for (const link of copy.querySelectorAll("a")) {
      link.setAttribute("href", link.getAttribute("href").replace("/messages/0/", `/messages/${seq}/`).replace("reply=0", `reply=${seq}`));
    }
    for (const words of copy.querySelectorAll(".govuk-visually-hidden")) words.textContent = words.textContent.replace(/ 0$/, ` ${seq}`);
    for (const named of copy.querySelectorAll("[aria-label]")) named.setAttribute("aria-label", named.getAttribute("aria-label").replace(/ 0$/, ` ${seq}`));
    return copy;
  }
}
