/** The questions of a room: what is new or changed is shown at once where it stands, and what it changes in their order
 * only when nobody is among them. */

import { made } from "./made.js";

const SORT_EVERY_MS = 3_000;
const TELL_EVERY_MS = 20_000;
const LOOK_AFTER_OWN_MS = 60_000;
const OPEN = ["waiting", "answering"];

export class Questions {
  #section;
  #lists;
  #open;
  #dealt;
  #template;
  #does;
  #mayVote = true;
  #asked = new Set(); // the numbers of one's own
  #unseen = new Set(); // entries that have come and not been in view
  #isInside = false;
  #isInView = false;
  #lacksSome = false; // something was voted for that this page does not show
  #sortedAt = -Infinity;
  #sorting = null;
  #untold = [];
  #telling = null;
  #toldAt = -Infinity;
  #inView;

  /** `does.vote(number, on)`: a promise of words where it came to nothing; `does.announce(words)`; `does.count(open)`. */
  constructor(section, does) {
    this.#section = section;
    this.#does = does;
    this.#lists = this.#part("question-lists");
    this.#template = this.#part("want-of-one");
    this.#lists.tabIndex = 0; // it scrolls, so it can be reached by keyboard
    this.#lists.setAttribute("role", "group");
    this.#lists.setAttribute("aria-label", "Questions");
    this.#part("question-news").hidden = false;
    this.#watch();
    this.#find();
    setInterval(() => this.#hasOwnWaiting() && !document.hidden && this.lookAfterOwn(), LOOK_AFTER_OWN_MS);
  }

  /** Events of the log about questions. */
  take(events) {
    for (const event of events) this.#show(event.q, event.h);
    if (events.length) this.#changed();
    if (events.some((event) => event.k === "q_new") && this.#hasOwnWaiting()) this.lookAfterOwn();
  }

  /** How many want to know: by number. */
  count(votes) {
    for (const [number, count] of Object.entries(votes)) {
      const place = this.#entry(number)?.querySelector("[data-live-votes]");
      if (place) this.#say(place, count);
      else this.#lacksSome = true;
    }
    this.#changed();
  }

  setOpen(mayVote) {
    this.#mayVote = mayVote;
    for (const entry of this.#entries()) this.#dress(entry);
  }

  /** What the asker alone sees, and which are theirs, as the server has it now. Whether one more of theirs is held back,
   * "held", or comes to the others later, "young". */
  async lookAfterOwn() {
    try {
      const page = await this.#page();
      const fresh = page.querySelector("[data-live-own-questions]");
      const known = this.#part("own-questions");
      const count = (of, kind) => of.querySelectorAll(`.app-question--${kind}`).length;
      const what = ["held", "young"].find((kind) => count(fresh, kind) > count(known, kind));
      this.#part("own-questions").replaceWith(fresh);
      this.#findOwn();
      for (const entry of this.#entries()) this.#dress(entry);
      return what;
    } catch {
      return undefined; // the next look tells
    }
  }

  /** The section of a page that was read anew, of the same room. */
  replace(section) {
    const part = (name) => section.querySelector(`[data-live-${name}]`);
    this.#part("own-questions").replaceWith(part("own-questions"));
    this.#lists.replaceChildren(...part("question-lists").childNodes);
    this.#unseen.clear();
    this.#lacksSome = false;
    this.#find();
    this.#changed();
  }

  // Events

  #show(number, html) {
    const fresh = made(html);
    const entry = this.#entry(number);
    if (!entry) {
      this.#open.append(fresh); // at the end nothing moves; the next sorting finds its place
      this.#dress(fresh);
      if (this.#asked.has(String(number)) || !OPEN.includes(fresh.dataset.state)) return;
      this.#unseen.add(fresh);
      this.#inView.observe(fresh);
      this.#tell(fresh);
      return;
    }
    entry.className = fresh.className;
    entry.dataset.state = fresh.dataset.state;
    // A link that somebody stands on is not taken from under them.
    const holdsFocus = entry.firstElementChild.contains(document.activeElement);
    entry.firstElementChild.replaceWith(fresh.firstElementChild);
    if (holdsFocus) focusOn(entry);
    this.#dress(entry);
  }

  #tell(entry) {
    const words = (name) => entry.querySelector(`.app-question__${name}`).textContent.trim();
    this.#untold.push(`New question from ${words("by")}: ${words("text")}`);
    this.#telling ??= setTimeout(
      () => {
        const [first, ...others] = this.#untold.splice(0);
        this.#telling = null;
        this.#toldAt = performance.now();
        this.#does.announce(others.length ? `${others.length + 1} new questions` : first);
      },
      Math.max(0, this.#toldAt + TELL_EVERY_MS - performance.now()),
    );
  }

  #say(place, count) {
    place.dataset.liveVotes = count;
    const words = count === 1 ? "1 person wants to know this" : `${count.toLocaleString("en-GB")} people want to know this`;
    place.textContent = count ? words : "";
  }

  // What a reader may do to one

  #dress(entry) {
    const number = entry.dataset.question;
    const isOpen = OPEN.includes(entry.dataset.state);
    const isOwn = this.#asked.has(number);
    let controls = entry.querySelector("[data-live-want]");
    const lacksVote = isOpen && !controls?.querySelector(isOwn ? "[data-live-own]" : "[data-live-vote]");
    if (!controls || lacksVote || (isOwn && controls.querySelector("[data-live-report]"))) {
      const votes = Number(controls?.querySelector("[data-live-votes]").dataset.liveVotes ?? 0);
      controls?.remove();
      controls = this.#controls(number, isOwn);
      this.#say(controls.querySelector("[data-live-votes]"), votes);
      entry.append(controls);
    }
    const report = controls.querySelector("[data-live-report]");
    if (report) {
      report.href = `${entry.querySelector(".app-question__state a").getAttribute("href")}report/`;
      report.hidden = entry.querySelector(".app-question__text em") !== null; // its words are gone
    }
    const button = controls.querySelector("[data-live-vote]");
    if (!button) return;
    const isShown = isOpen && this.#mayVote;
    if (!isShown && button === document.activeElement) focusOn(entry);
    // Until it goes to the others, what stands below it stays where it is.
    const leavesItsPlace = !isOpen && this.#open.contains(entry);
    button.classList.toggle("app-question__button--gone", leavesItsPlace);
    button.hidden = !isShown && !leavesItsPlace;
  }

  /** A copy of what the page holds for the question number 0. */
  #controls(number, isOwn) {
    const copy = this.#template.content.cloneNode(true);
    const controls = copy.querySelector("[data-live-want]");
    const button = controls.querySelector("[data-live-vote]");
    if (button) button.value = number;
    for (const words of controls.querySelectorAll(".govuk-visually-hidden")) {
      words.textContent = words.textContent.replace("0", number);
    }
    if (isOwn) {
      button?.replaceWith(copy.querySelector("[data-live-own]"));
      controls.querySelector("[data-live-report]")?.remove();
    }
    return controls;
  }

  async #vote(button, entry) {
    const on = button.getAttribute("aria-pressed") !== "true";
    const words = await this.#does.vote(Number(entry.dataset.question), on);
    entry.querySelector("[data-live-says]").textContent = words ?? "";
    if (words) return;
    button.setAttribute("aria-pressed", String(on));
    button.name = on ? "take" : "give";
  }

  // Order

  #changed() {
    const open = this.#entries().filter((entry) => OPEN.includes(entry.dataset.state));
    this.#does.count(open.length);
    this.#part("no-questions").hidden = open.length > 0;
    this.#sortSoon();
    this.#offer();
  }

  /** At most every three seconds, and never while somebody is about to press something. */
  #sortSoon() {
    if (this.#isSorted() || this.#isOccupied()) return;
    this.#sorting ??= setTimeout(
      () => {
        this.#sorting = null;
        if (!this.#isOccupied()) this.#sort();
        this.#offer();
      },
      Math.max(0, this.#sortedAt + SORT_EVERY_MS - performance.now()),
    );
  }

  #isOccupied() {
    // A thumb gives no warning: where there is no pointer to be seen, whoever has them in view is among them.
    const mayPress = matchMedia("(pointer: coarse)").matches ? this.#isInView : this.#isInside;
    const selection = getSelection();
    const selects = !selection.isCollapsed && this.#lists.contains(selection.anchorNode);
    return mayPress || selects || (this.#lists.contains(document.activeElement) && document.activeElement !== this.#lists);
  }

  #order() {
    const votes = (entry) => Number(entry.querySelector("[data-live-votes]").dataset.liveVotes);
    const isBeingAnswered = (entry) => entry.dataset.state === "answering";
    const all = this.#entries();
    const open = all.filter((entry) => OPEN.includes(entry.dataset.state));
    open.sort(
      (a, b) => isBeingAnswered(b) - isBeingAnswered(a) || votes(b) - votes(a) || a.dataset.question - b.dataset.question,
    );
    const wereOpen = [...this.#open.children].filter((entry) => !open.includes(entry));
    const wereDealtWith = [...this.#dealt.children].filter((entry) => !open.includes(entry));
    return { open, dealt: [...wereOpen.reverse(), ...wereDealtWith] };
  }

  #isSorted() {
    const { open, dealt } = this.#order();
    return isSame(open, this.#open.children) && isSame(dealt, this.#dealt.children);
  }

  #sort() {
    const { open, dealt } = this.#order();
    const top = this.#lists.scrollTop;
    const known = Number(this.#part("dealt-count").textContent);
    const count = known + dealt.length - this.#dealt.children.length;
    this.#open.append(...open);
    this.#dealt.append(...dealt);
    for (const entry of dealt) this.#dress(entry);
    this.#part("dealt-count").textContent = count;
    this.#part("dealt").hidden = !dealt.length;
    this.#lists.scrollTop = top;
    this.#sortedAt = performance.now();
  }

  /** What somebody among them may do themselves. */
  #offer() {
    const news = this.#part("new-questions");
    news.textContent = this.#unseen.size === 1 ? "1 new question" : `${this.#unseen.size} new questions`;
    news.hidden = !this.#unseen.size;
    this.#part("sort-questions").hidden = this.#sorting !== null || (this.#isSorted() && !this.#lacksSome);
  }

  async #sortNow() {
    if (this.#lacksSome) {
      try {
        this.replace(await this.#page());
      } catch {
        // What stands here can be sorted.
      }
    }
    this.#sort();
    this.#lists.scrollTop = 0;
    this.#lists.focus({ preventScroll: true }); // the button has just gone from under them
    this.#offer();
  }

  #showNew() {
    const first = this.#entries().find((entry) => this.#unseen.has(entry));
    this.#unseen.clear();
    if (first) focusOn(first);
    first?.scrollIntoView({ block: "nearest" });
    this.#offer();
  }

  // Parts

  #watch() {
    const inside = (isInside) => (event) => {
      if (event.pointerType !== "mouse") return;
      this.#isInside = isInside;
      if (!isInside) this.#changed();
    };
    // The way to the buttons above the list counts too: what they offer is not done while somebody is about to press them.
    this.#section.addEventListener("pointerenter", inside(true));
    this.#section.addEventListener("pointerleave", inside(false));
    this.#lists.addEventListener("focusout", () => setTimeout(() => this.#changed()));
    this.#lists.addEventListener("click", (event) => {
      const entry = event.target.closest("[data-question]");
      const button = event.target.closest("[data-live-vote]");
      const merged = event.target.closest("[data-question-merged]");
      if (entry && button) {
        event.preventDefault();
        this.#vote(button, entry);
      } else if (merged && this.#entry(merged.dataset.questionMerged)) {
        event.preventDefault();
        const other = this.#entry(merged.dataset.questionMerged);
        focusOn(other);
        other.scrollIntoView({ block: "nearest" });
      }
    });
    this.#lists.addEventListener("toggle", ({ target }) => target.open && (this.#lists.scrollTop = target.offsetTop), true);
    this.#part("sort-questions").addEventListener("click", () => this.#sortNow());
    this.#part("new-questions").addEventListener("click", () => this.#showNew());
    this.#inView = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) {
        if (target === this.#lists) this.#isInView = isIntersecting;
        else if (isIntersecting) {
          this.#unseen.delete(target);
          this.#inView.unobserve(target);
        }
      }
      this.#changed();
    });
    this.#inView.observe(this.#lists);
  }

  #find() {
    this.#open = this.#part("open-questions");
    this.#dealt = this.#part("dealt-questions");
    this.#findOwn();
    for (const entry of this.#entries()) this.#dress(entry);
  }

  #findOwn() {
    this.#asked = new Set(this.#part("own-questions").dataset.asked.split(" ").filter(Boolean));
  }

  #hasOwnWaiting() {
    return Boolean(this.#part("own-questions").querySelector(".app-question--held, .app-question--young"));
  }

  async #page() {
    const answer = await fetch(this.#section.dataset.liveQuestions, { cache: "no-store" });
    if (!answer.ok) throw new Error("The questions are not there.");
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  #entries() {
    return [...this.#open.children, ...this.#dealt.children];
  }

  #entry(number) {
    return this.#lists.querySelector(`[data-question="${number}"]`);
  }

  #part(name) {
    return this.#section.querySelector(`[data-live-${name}]`);
  }
}

function isSame(wanted, there) {
  return wanted.length === there.length && wanted.every((entry, place) => entry === there[place]);
}

function focusOn(entry) {
  entry.tabIndex = -1;
  entry.focus({ preventScroll: true });
}
