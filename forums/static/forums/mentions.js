/** Offers names after an @ in a text area: a list box that the text area points to while the caret stays in it. Arrow
 * keys move, Enter or Tab takes, Escape closes. What is chosen is only text; the server says who is meant. */

const REST_MS = 150;
// An @ that begins a word, and up to four words of a name after it, with the caret at their end.
const BEGUN = /(?:^|[^\p{L}\p{N}_.+/@-])@(\p{L}[\p{L}\p{M}\p{N}'’.-]*(?: [\p{L}\p{M}\p{N}'’.-]+){0,3} ?)$/u;
const LONGEST = 100;

class Mentions {
  #area;
  #list;
  #status;
  #address;
  #token;
  #typed = null; // the part of a name that is looked up
  #dismissed = null; // where the @ stands of which nothing is to be offered any more
  #nobody = null; // a beginning with which no name goes on
  #timer = null;
  #asked = null;
  #current = -1;
  #people = [];

  constructor(place) {
    const form = place.closest("form");
    this.#area = form.querySelector("textarea[name=source]");
    this.#list = place.querySelector("[role=listbox]");
    this.#status = place.querySelector("[data-app-mentions-status]");
    this.#address = place.dataset.appMentions;
    this.#token = form.elements.csrfmiddlewaretoken.value;
    if (!this.#area) return;
    this.#area.setAttribute("aria-autocomplete", "list");
    this.#area.setAttribute("aria-controls", this.#list.id);
    this.#area.closest(".govuk-form-group").append(place);
    this.#area.addEventListener("input", () => this.#look());
    this.#area.addEventListener("keydown", (event) => this.#key(event));
    this.#area.addEventListener("click", () => this.#look());
    this.#area.addEventListener("blur", () => this.#close());
    // A press on the list must not take the caret out of the text.
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#list.addEventListener("mousedown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#take([...this.#list.children].indexOf(option));
    });
  }

  get #isOpen() {
    return !this.#list.hidden;
  }

  #begun() {
    const { selectionStart: caret, selectionEnd, value } = this.#area;
    if (caret !== selectionEnd) return null;
    const found = BEGUN.exec(value.slice(Math.max(0, caret - LONGEST), caret));
    return found && { name: found[1], at: caret - found[1].length - 1 };
  }

  #look() {
    clearTimeout(this.#timer);
    const begun = this.#begun();
    if (!begun || begun.at === this.#dismissed) {
      if (!begun) this.#dismissed = null;
      return this.#close();
    }
    this.#typed = begun.name.trimEnd();
    if (this.#nobody !== null && this.#typed.startsWith(this.#nobody)) return this.#close();
    this.#timer = setTimeout(() => this.#ask(this.#typed), REST_MS);
  }

  async #ask(name) {
    this.#asked?.abort();
    this.#asked = new AbortController();
    let people = [];
    try {
      const answer = await fetch(this.#address, {
        method: "POST",
        body: new URLSearchParams({ name }),
        headers: { "X-CSRFToken": this.#token, "X-Requested-With": "XMLHttpRequest" },
        signal: this.#asked.signal,
      });
      if (!answer.ok) return this.#close();
      ({ people } = await answer.json());
    } catch {
      return; // asked anew meanwhile, or no connection: typing goes on
    }
    if (name !== this.#typed || document.activeElement !== this.#area) return;
    if (!people.length) {
      this.#nobody = name;
      return this.#close();
    }
    this.#open(people);
  }

  #open(people) {
    this.#people = people;
    this.#list.replaceChildren(
      ...people.map((person, index) => {
        const option = document.createElement("li");
        option.className = "app-mentions__person";
        option.id = `${this.#list.id}-${index}`;
        option.setAttribute("role", "option");
        const name = document.createElement("span");
        name.className = "app-mentions__name";
        name.textContent = person.name;
        const council = document.createElement("span");
        council.className = "app-mentions__council";
        // What tells two people of one council apart stands in the words alone.
        const where = person.words === person.name ? person.council : person.words.slice(person.name.length + 2, -1);
        council.textContent = [person.label, where].filter(Boolean).join(", ");
        option.append(name, " ", council);
        return option;
      }),
    );
    this.#list.hidden = false;
    this.#point(0);
    this.#list.scrollIntoView({ block: "nearest" });
    const count = people.length === 1 ? "1 person" : `${people.length} people`;
    this.#status.textContent = `${count}. Up and down arrows to choose, Enter to take, Escape to close.`;
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.#typed = null;
    if (!this.#isOpen) return;
    this.#list.hidden = true;
    this.#list.replaceChildren();
    this.#area.removeAttribute("aria-activedescendant");
    this.#status.textContent = "";
    this.#current = -1;
  }

  #point(index) {
    const options = this.#list.children;
    options[this.#current]?.setAttribute("aria-selected", "false");
    this.#current = (index + options.length) % options.length;
    for (const option of options) option.setAttribute("aria-selected", String(option === options[this.#current]));
    this.#area.setAttribute("aria-activedescendant", options[this.#current].id);
    options[this.#current].scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    if (!this.#isOpen || event.isComposing) return;
    const { key } = event;
    if (key === "ArrowDown") this.#point(this.#current + 1);
    else if (key === "ArrowUp") this.#point(this.#current - 1);
    else if ((key === "Enter" || key === "Tab") && !event.shiftKey && !event.ctrlKey && !event.metaKey) this.#take(this.#current);
    else if (key === "Escape") {
      this.#dismissed = this.#begun()?.at ?? null;
      this.#close();
    } else if (["ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown"].includes(key)) {
      return this.#close();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #take(index) {
    const begun = this.#begun();
    const person = this.#people[index];
    this.#close();
    if (!begun || !person) return;
    const caret = this.#area.selectionStart;
    const next = this.#area.value[caret] ?? "";
    this.#area.setRangeText(`@${person.words}${/\s/.test(next) ? "" : " "}`, begun.at, caret, "end");
    this.#dismissed = begun.at;
    // Whoever counts characters or keeps drafts hears of it.
    this.#area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

for (const place of document.querySelectorAll("[data-app-mentions]")) new Mentions(place);
