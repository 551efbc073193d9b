// The live room: what the page shows and does without a script, this does at once and by itself.
import { Announcer } from "./live/announcer.js";
import { Asking } from "./live/asking.js";
import { Composer } from "./live/composer.js";
import { Connection } from "./live/connection.js";
import { countDown } from "./live/countdown.js";
import { Gate } from "./live/gate.js";
import { Log } from "./live/log.js";
import { Options } from "./live/options.js";
import { newId, Outbox } from "./live/outbox.js";
import { Pending } from "./live/pending.js";
import { Questions } from "./live/questions.js";
import { Polls } from "./live/polls.js";
import { Pins } from "./live/pins.js";

const WORDS = {
  connecting: "Connecting…",
  live: "Connected. New messages appear by themselves.",
  lost: "Connection lost. Trying again… What you send now is kept and sent then.",
  signedOut: "You have been signed out. Sign in again to take part.",
  shutOut: "You can no longer take part in this room.",
  elsewhere: "You have live rooms open in many windows, so this one has stopped. Load it again to take part here.",
  broken: "This page is out of date. Load it again to take part.",
};
const ASKED = {
  held: "Your question waits for the host to publish it.",
  young: "Others see your question in a few seconds.",
};
const STOPPED = {
  4400: WORDS.broken,
  4401: WORDS.signedOut,
  4403: WORDS.shutOut,
  4404: WORDS.shutOut,
  4405: WORDS.elsewhere,
};
const TROUBLE = "app-chat__status--trouble";

function start(root) {
  const part = (name) => root.querySelector(`[data-live-${name}]`);
  const { liveRoom: address, liveMember: member } = root.dataset;
  const runs = root.hasAttribute("data-live-runs");
  const kept = `guildhall:${address}:${member}`;
  const status = part("status");
  const state = { open: true, lock: "", slow: 0, delay: 0, asks: true };

  // For whatever stands around the room, such as the host screen.
  const tell = (name, detail) => root.dispatchEvent(new CustomEvent(`live:${name}`, { detail, bubbles: true }));
  const ask = (frame) => connection.ask({ c: newId(), ...frame });
  const announcer = new Announcer(part("announcer"));
  const composer = new Composer(part("form"), `${kept}:draft`, {
    send: (body, replyTo) => outbox.add(body, replyTo),
    change: (seq, body) => ask({ t: "edit", s: seq, b: body }),
  });
  const templates = { controls: part("controls-of-one"), hidden: part("hidden-of-one"), panel: part("options-of-one") };
  const options = new Options(part("log"), templates, member, {
    reply: (seq, author) => composer.reply(seq, author),
    edit: (seq) => edit(seq),
    remove: (seq) => ask({ t: "del", s: seq }),
    react: (seq, kind, on) => ask({ t: "react", s: seq, e: kind, on }),
  });
  const log = new Log(part("log"), { jump: part("jump"), empty: part("empty"), dress: (message) => options.dress(message) });
  const pins = new Pins(part("pins"), part("pinned"));
  const pending = new Pending(part("sending"), log);
  const outbox = new Outbox(`${kept}:outbox`, {
    transmit: (item) => connection.send({ t: "send", c: item.c, b: item.b, ...(item.re && { re: item.re }) }),
    changed: (items) => pending.show(items),
  });
  pending.onRetry = (c) => outbox.retry(c);
  pending.onDrop = (c) => outbox.drop(c);

  const section = part("questions");
  const questions =
    section &&
    new Questions(section, {
      vote: (number, on) => ask({ t: "vote", q: number, on }),
      announce: (words) => announcer.news(words),
      count: (open) => (part("open-count").textContent = `(${open} open)`),
    });
  const asking = new Asking(part("ask"), `${kept}:question`, async (frame) => {
    const refused = await ask({ t: "ask", ...frame });
    if (refused) throw new Error(refused);
    return ASKED[await questions.lookAfterOwn()] ?? "Your question is in the list.";
  });
  const polls = new Polls(root.querySelector("[data-polls]"), {
    choose: (poll, chosen) => ask({ t: "poll", p: poll, o: chosen }),
    announce: (words) => announcer.status(words),
    link: root.querySelector("[data-polls-link]"),
  });

  /** What was sent stands among the others now, and no more with what others do not see. */
  function said(c) {
    outbox.said(c);
    root.querySelector(`[data-live-waits="${c}"]`)?.remove();
  }

  const gate = new Gate({
    show(events) {
      log.append(events);
      for (const event of events) if (event.c) said(event.c);
      const others = events.filter((event) => String(event.u[0]) !== member);
      for (const event of others) announcer.message(event.u[1], log.words(event.s));
    },
    amend: (event) => log.amend(event.x, event.h),
    changed(waiting) {
      const words = waiting ? `Go on (${waiting} new)` : "Go on";
      part("pause").textContent = waiting === null ? "Pause" : words;
    },
  });
  part("tools").hidden = false;
  part("pause").addEventListener("click", () => gate.togglePause());
  part("speed").addEventListener("change", ({ target }) => gate.setSpeed(Number(target.value)));
  part("announce").addEventListener("change", ({ target }) => announcer.setTelling(target.checked));

  const connection = new Connection({
    socketAddress: root.dataset.liveSocket,
    pollAddress: root.dataset.livePoll,
    probeAddress: root.dataset.liveProbe,
    roomAddress: address,
    epoch: root.dataset.liveEpoch,
    position: Number(root.dataset.liveSince),

    // Events come in order, each once; what has become of something may come ahead of its turn too.
    events(events) {
      tell("events", events);
      for (const event of events) if (event.x !== undefined) pins.hear(event);
      gate.take(events.filter((event) => event.h && event.q === undefined && event.p === undefined));
      questions?.take(events.filter((event) => event.h && event.q !== undefined));
      for (const event of events) if (event.p !== undefined && event.h) polls.take(event);
      // Whoever has said something wants to see where.
      if (events.some((event) => event.x === undefined && String(event.u?.[0]) === member)) gate.flush();
    },
    held: (c, words) => outbox.held(c, words),
    sent: (c, hasCome) => (hasCome ? outbox.said(c) : outbox.sent(c)),
    refused: (c, words, retryMs, code) => outbox.refuse(c, words, code === "busy" ? retryMs : undefined),
    state: (changed) => show(changed),
    live() {
      status.textContent = WORDS.live;
      status.classList.remove(TROUBLE);
      announcer.back("Connected again.");
      pending.wait(false);
      outbox.resume();
    },
    lost() {
      status.textContent = WORDS.lost;
      status.classList.add(TROUBLE);
      outbox.pause();
      pending.wait(true);
      announcer.lost("Connection lost. Trying again.");
    },
    stopped(code) {
      status.textContent = STOPPED[code] ?? WORDS.shutOut;
      status.classList.add(TROUBLE);
      outbox.pause();
      announcer.status(status.textContent);
    },
    // What the page shows cannot be gone on from: read it again, without touching what is being typed.
    async startAfresh() {
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector(`[data-live-room="${address}"]`);
      if (!fresh) throw new Error("The room is no longer live.");
      gate.forget();
      log.replace(fresh.querySelector("[data-live-log]"));
      questions?.replace(fresh);
      polls.replace(fresh.querySelector("[data-polls]"));
      pins.replace(fresh.querySelector("[data-live-pinned]"));
      return { epoch: fresh.dataset.liveEpoch, position: Number(fresh.dataset.liveSince) };
    },
  });

  function show(changed) {
    Object.assign(state, changed);
    tell("state", changed);
    const mayWrite = !state.lock || runs;
    composer.setOpen(state.open && mayWrite);
    asking.setOpen(state.open && mayWrite && state.asks);
    questions?.setOpen(state.open);
    if (questions) part("takes-none").hidden = state.asks;
    part("closed").hidden = state.open;
    part("locked").hidden = !state.open || mayWrite;
    part("slow").hidden = !state.slow;
    part("slow-seconds").textContent = state.slow;
    if (part("delay")) {
      part("delay").hidden = !state.delay;
      part("delay-seconds").textContent = state.delay;
    }
    if (changed.presence !== undefined) {
      const present = Math.max(1, changed.presence); // whoever reads this is one of them
      part("present").textContent = `${present} ${present === 1 ? "person" : "people"}`;
    }
    if (changed.react) options.count(changed.react);
    if (changed.q) questions?.count(changed.q);
    if (changed.p) polls.count(changed.p);
    polls.setOpen(state.open);
  }

  /** The words as they were typed, from the page on which they are changed without a script. */
  async function edit(seq) {
    const page = `${address}messages/${seq}/edit/`;
    try {
      const answer = await fetch(page, { cache: "no-store" });
      const form = new DOMParser().parseFromString(await answer.text(), "text/html");
      const field = form.querySelector("textarea[name=body]");
      if (!field) return form.querySelector("main .govuk-body-l")?.textContent ?? "This message cannot be changed.";
      return composer.edit(seq, field.value);
    } catch {
      return "The connection is lost. Try again in a moment.";
    }
  }

  status.textContent = WORDS.connecting;
  status.hidden = false;
  connection.open();
}

for (const root of document.querySelectorAll("[data-live-room]")) start(root);
for (const early of document.querySelectorAll("[data-live-early]")) countDown(early, start);
