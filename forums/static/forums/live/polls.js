/** The polls of a room: opened, counted and closed in place. The form and the words come from the server; what may not be
 * known yet never does. Moves nothing that stands there, and never takes the focus. */

import { made } from "./made.js";

// At least so long between two looks at results that only those who have voted see, and in a full room longer: all of
// them look, and the server draws for each.
const AGAIN_MS = 10_000;
const AGAIN_PER_VOTER_MS = 30;
const JITTER = 0.4; // of that, for everybody hears of a vote at the same moment
const FIRST_PER_VOTER_MS = 10; // as all vote at the same moment too
const LAST_LOOK_MS = 5_000; // likewise, when the session ends

export class Polls {
  #section;
  #list;
  #choose;
  #announce;
  #link;
  #looks = new Map(); // by poll: when it was looked at last, and the timer of the next look
  #latest = new Map(); // by poll: the last counts told, for a poll that comes after them
  #isOpen = true;

  /** `choose(poll, options)` is a promise of words where it was refused; `announce(words)` tells what opens and closes.
   * `link`, if there is one, is shown while a poll is open. */
  constructor(section, { choose, announce, link = null }) {
    this.#section = section;
    this.#list = section.querySelector("[data-polls-list]");
    this.#choose = choose;
    this.#announce = announce;
    this.#link = link;
    section.addEventListener("submit", (event) => {
      const form = event.target.closest("[data-poll-form]");
      if (!form) return;
      event.preventDefault();
      this.#vote(form.closest("[data-poll]"));
    });
  }

  /** An event about a poll: it has opened, or closed. */
  take({ p, h }) {
    const fresh = made(h);
    const poll = this.#poll(p);
    if (!poll) {
      if (fresh.dataset.state === "open") this.#announce(`A poll has opened: ${titleOf(fresh)}`);
      this.#add(fresh);
    } else if (poll.dataset.state !== "closed" && fresh.dataset.state === "closed") {
      this.#announce(`A poll has closed: ${titleOf(fresh)}`);
      this.#end(poll, fresh);
    }
    this.#settled();
  }

  /** What the room's state says of polls: by poll, how many have voted, and how often each option was chosen where
   * everybody may know that. */
  count(counts) {
    for (const [number, count] of Object.entries(counts)) {
      this.#latest.set(number, count);
      const poll = this.#poll(number);
      if (poll) this.#show(poll, count);
    }
  }

  /** Once the session is over nothing can be chosen any more, and what had stayed open has its results. */
  setOpen(isOpen) {
    if (this.#isOpen && !isOpen) {
      for (const poll of this.#open()) {
        const form = poll.querySelector("[data-poll-form]");
        if (form?.contains(document.activeElement)) stay(poll);
        form?.replaceWith(optionsOf(poll));
        this.#say(poll, "This session is over, so the voting is too.");
        poll.dataset.state = "closed";
        this.#lookAfter(poll, Math.random() * (LAST_LOOK_MS + FIRST_PER_VOTER_MS * this.#voters(poll)));
      }
      this.#settled();
    }
    this.#isOpen = isOpen;
  }

  /** Takes everything from a page that was read anew. */
  replace(section) {
    for (const look of this.#looks.values()) clearTimeout(look.timer);
    this.#looks.clear();
    this.#latest.clear();
    this.#list.replaceChildren(...section.querySelector("[data-polls-list]").children);
    this.#settled();
  }

  #poll(number) {
    return this.#list.querySelector(`[data-poll="${number}"]`);
  }

  #open() {
    return this.#list.querySelectorAll('[data-poll][data-state="open"]');
  }

  #add(poll) {
    // Below those that are open, and above the rest: what somebody reads or presses now stays where it is.
    const firstClosed = this.#list.querySelector('[data-poll][data-state="closed"]');
    this.#list.insertBefore(poll, firstClosed);
    this.#dress(poll);
    const counts = this.#latest.get(poll.dataset.poll);
    if (counts) this.#show(poll, counts);
  }

  #end(poll, fresh) {
    const chosen = chosenIn(poll);
    const wasLost = chosen.length > 0 && chosen.join(" ") !== poll.dataset.own;
    const words = wasLost && `The poll closed before you voted. You had chosen: ${this.#words(poll, chosen)}.`;
    if (poll.contains(document.activeElement)) stay(poll);
    poll.dataset.state = "closed";
    poll.replaceChildren(...fresh.children);
    this.#stopLooking(poll);
    this.#markOwn(poll);
    if (words) this.#say(poll, words);
    const counts = this.#latest.get(poll.dataset.poll);
    if (counts) this.#show(poll, counts);
  }

  /** Beside a poll that came over the socket, what those who run the room may do to it. */
  #dress(poll) {
    const template = this.#section.querySelector("[data-poll-controls-of-one]");
    if (!template || poll.dataset.state !== "open") return;
    const copy = template.content.cloneNode(true);
    for (const form of copy.querySelectorAll("form")) {
      form.setAttribute("action", form.getAttribute("action").replace("/polls/0/", `/polls/${poll.dataset.poll}/`));
    }
    poll.append(copy);
  }

  async #vote(poll) {
    if (poll.dataset.sending) return;
    poll.dataset.sending = "now";
    const chosen = chosenIn(poll);
    const refused = await this.#choose(Number(poll.dataset.poll), chosen);
    delete poll.dataset.sending;
    if (refused) return this.#say(poll, refused);
    poll.dataset.own = chosen.join(" ");
    this.#markOwn(poll);
    const button = poll.querySelector("[data-poll-button]");
    if (button) button.textContent = "Change your vote";
    this.#say(poll, "Your vote is counted. You can change it for as long as the poll is open.");
    if (seesMore(poll)) this.#lookAfter(poll, Math.random() * FIRST_PER_VOTER_MS * this.#voters(poll));
    return undefined;
  }

  #say(poll, words) {
    poll.querySelector("[data-poll-says]").textContent = words;
  }

  #words(poll, options) {
    return options.map((number) => textOf(poll, number)).join(", ");
  }

  #markOwn(poll) {
    const own = ownOf(poll);
    for (const mark of poll.querySelectorAll("[data-poll-own]")) {
      mark.hidden = !own.has(mark.closest("[data-option]").dataset.option);
    }
  }

  // Results

  #show(poll, { n, o }) {
    poll.querySelector("[data-poll-voters]").textContent = `${n} ${n === 1 ? "person has" : "people have"} voted`;
    if (o) return this.#draw(poll, n, o);
    if (seesMore(poll)) {
      return this.#lookAfter(poll, this.#pace(poll));
    }
    return undefined;
  }

  #draw(poll, voters, counts) {
    const options = [...new Map([...poll.querySelectorAll("[data-option]")].map((one) => [one.dataset.option, one])).keys()];
    const isMultiple = poll.hasAttribute("data-multiple");
    const shares = sharesOf(options.map((option) => counts[option] ?? 0), voters, isMultiple);
    const figures = poll.querySelector("[data-poll-figures]") ?? this.#blank(poll, options, isMultiple);
    options.forEach((option, place) => {
      const row = figures.querySelector(`[data-option="${option}"]`);
      row.querySelector("[data-poll-votes]").textContent = counts[option] ?? 0;
      row.querySelector("[data-poll-share]").textContent = `${shares[place]}%`;
      row.querySelector("[data-poll-bar]").setAttribute("width", shares[place]);
    });
    poll.querySelector("[data-poll-why]").hidden = true;
    poll.querySelector("[data-poll-options]")?.remove(); // the table has the same words
    this.#markOwn(poll);
  }

  /** The table, with no figures in it yet. */
  #blank(poll, options, isMultiple) {
    const copy = this.#section.querySelector("[data-poll-blank]").content.cloneNode(true);
    const figures = copy.querySelector("[data-poll-figures]");
    figures.querySelector("[data-poll-caption]").textContent = titleOf(poll);
    const row = figures.querySelector("[data-option]");
    for (const option of options) {
      const another = row.cloneNode(true);
      another.dataset.option = option;
      another.querySelector("[data-option-text]").textContent = textOf(poll, option);
      row.before(another);
    }
    row.remove();
    copy.querySelector("[data-poll-several]").hidden = !isMultiple;
    poll.querySelector("[data-poll-outcome]").prepend(copy);
    return figures;
  }

  /** Looks at the results as this member may see them, some time from now: once, however many votes come until then. */
  #lookAfter(poll, ms) {
    const number = poll.dataset.poll;
    const look = this.#looks.get(number) ?? { at: -Infinity, timer: null };
    this.#looks.set(number, look);
    if (look.timer !== null) return;
    look.timer = setTimeout(
      () => {
        look.timer = null;
        look.at = performance.now();
        this.#look(poll);
      },
      Math.max(ms, look.at + this.#pace(poll) - performance.now(), 0),
    );
  }

  #pace(poll) {
    return (1 + Math.random() * JITTER) * Math.max(AGAIN_MS, AGAIN_PER_VOTER_MS * this.#voters(poll));
  }

  #voters(poll) {
    return this.#latest.get(poll.dataset.poll)?.n ?? 0;
  }

  async #look(poll) {
    const state = poll.dataset.state;
    try {
      const answer = await fetch(`${this.#section.dataset.polls}${poll.dataset.poll}/outcome/`, { cache: "no-store" });
      if (!answer.ok) return;
      const fresh = made(await answer.text());
      // What everybody is told since is newer.
      if (poll.dataset.state !== state || !fresh?.matches("[data-poll-outcome]")) return;
      poll.querySelector("[data-poll-outcome]").replaceWith(fresh);
      if (fresh.querySelector("[data-poll-figures]")) poll.querySelector("[data-poll-options]")?.remove();
    } catch {
      // The next vote, or the page read again, shows them.
    }
  }

  #stopLooking(poll) {
    clearTimeout(this.#looks.get(poll.dataset.poll)?.timer);
    this.#looks.delete(poll.dataset.poll);
  }

  #settled() {
    if (this.#list.children.length) this.#section.hidden = false;
    if (this.#link) this.#link.hidden = !this.#open().length;
  }
}

/** Each option's share in whole per cent, as `shares_of` in forums/models/poll.py has it: of a single choice they add up
 * to 100, what rounding down leaves over going to the largest remainders, of equal ones to the first. */
export function sharesOf(votes, voters, isMultiple) {
  if (isMultiple) return votes.map((count) => (voters ? Math.floor((200 * count + voters) / (2 * voters)) : 0));
  const total = votes.reduce((sum, count) => sum + count, 0);
  if (!total) return votes.map(() => 0);
  const shares = votes.map((count) => Math.floor((100 * count) / total));
  const left = 100 - shares.reduce((sum, share) => sum + share, 0);
  const remainder = (place) => (100 * votes[place]) % total;
  const byRemainder = votes.map((_, place) => place).sort((one, other) => remainder(other) - remainder(one));
  for (const place of byRemainder.slice(0, left)) shares[place] += 1;
  return shares;
}

function chosenIn(poll) {
  return [...poll.querySelectorAll("[data-poll-form] input[name=options]:checked")].map((input) => Number(input.value));
}

function ownOf(poll) {
  return new Set(poll.dataset.own ? poll.dataset.own.split(" ") : []);
}

/** Whether this member may see more of it than everybody is told. */
function seesMore(poll) {
  return poll.dataset.state === "open" && poll.dataset.results === "voted" && Boolean(poll.dataset.own);
}

function titleOf(poll) {
  return poll.querySelector("[data-poll-title]").textContent;
}

function textOf(poll, option) {
  return poll.querySelector(`[data-option="${option}"] [data-option-text]`).textContent;
}

/** The answers as a list, in the place of a form that has gone. */
function optionsOf(poll) {
  const list = document.createElement("ul");
  list.className = "govuk-list govuk-list--bullet app-poll__options";
  list.setAttribute("data-poll-options", "");
  for (const item of poll.querySelectorAll("[data-poll-form] [data-option]")) {
    const option = document.createElement("li");
    option.dataset.option = item.dataset.option;
    const words = document.createElement("span");
    words.setAttribute("data-option-text", "");
    words.textContent = item.querySelector("[data-option-text]").textContent;
    option.append(words);
    list.append(option);
  }
  return list;
}

/** What somebody stands on goes: the poll itself takes them, for at the top of the page they would be lost. */
function stay(poll) {
  poll.tabIndex = -1;
  poll.focus({ preventScroll: true });
}
