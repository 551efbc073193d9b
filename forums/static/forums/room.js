// The live room: what the page shows and does without a script, this does at once and by itself.
import { Announcer } from "./live/announcer.js";
import { Composer } from "./live/composer.js";
import { Connection } from "./live/connection.js";
import { Log } from "./live/log.js";
import { Outbox } from "./live/outbox.js";
import { Pending } from "./live/pending.js";

const WORDS = {
  connecting: "Connecting…",
  live: "Connected. New messages appear by themselves.",
  lost: "Connection lost. Trying again… What you send now is kept and sent then.",
  signedOut: "You have been signed out. Sign in again to take part.",
  shutOut: "You can no longer take part in this room.",
  elsewhere: "You have live rooms open in many windows, so this one has stopped. Load it again to take part here.",
  broken: "This page is out of date. Load it again to take part.",
};
const STOPPED = {
  4400: WORDS.broken,
  4401: WORDS.signedOut,
  4403: WORDS.shutOut,
  4404: WORDS.shutOut,
  4405: WORDS.elsewhere,
};

function start(root) {
  const part = (name) => root.querySelector(`[data-live-${name}]`);
  const { liveRoom: address, liveMember: member } = root.dataset;
  const kept = `guildhall:${address}:${member}`;
  const status = part("status");

  const announcer = new Announcer(part("announcer"));
  const log = new Log(part("log"), { jump: part("jump"), empty: part("empty") });
  const pending = new Pending(part("sending"), log);
  const outbox = new Outbox(`${kept}:outbox`, {
    transmit: (item) => connection.send({ t: "send", c: item.c, b: item.b }),
    changed: (items) => pending.show(items),
  });
  const composer = new Composer(part("form"), `${kept}:draft`, {
    send: (body) => outbox.add(body),
  });
  pending.onRetry = (c) => outbox.retry(c);
  pending.onDrop = (c) => outbox.drop(c);

  const connection = new Connection({
    socketAddress: root.dataset.liveSocket,
    probeAddress: root.dataset.liveProbe,
    roomAddress: address,
    epoch: root.dataset.liveEpoch,
    position: Number(root.dataset.liveSince),

    // Events come in order, each once.
    events(events) {
      const arrived = events.filter((event) => event.h);
      log.append(arrived);
      for (const event of arrived) if (event.c) outbox.said(event.c);
      const others = arrived.filter((event) => String(event.u[0]) !== member);
      for (const event of others) announcer.message(event.u[1], log.words(event.s));
    },
    sent: (c, hasCome) => (hasCome ? outbox.said(c) : outbox.sent(c)),
    refused: (c, words, retryMs, code) => outbox.refuse(c, words, code === "busy" ? retryMs : undefined),
    state: ({ open }) => composer.setOpen(open, part("closed")),
    live() {
      status.textContent = WORDS.live;
      announcer.back("Connected again.");
      outbox.resume();
    },
    lost() {
      status.textContent = WORDS.lost;
      outbox.pause();
      announcer.lost("Connection lost. Trying again.");
    },
    stopped(code) {
      status.textContent = STOPPED[code] ?? WORDS.shutOut;
      outbox.pause();
      announcer.status(status.textContent);
    },
    // What the page shows cannot be gone on from: read it again, without touching what is being typed.
    async startAfresh() {
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector(`[data-live-room="${address}"]`);
      if (!fresh) throw new Error("The room is no longer live.");
      log.replace(fresh.querySelector("[data-live-log]"));
      return { epoch: fresh.dataset.liveEpoch, position: Number(fresh.dataset.liveSince) };
    },
  });

  status.textContent = WORDS.connecting;
  status.hidden = false;
  connection.open();
}

for (const root of document.querySelectorAll("[data-live-room]")) start(root);
