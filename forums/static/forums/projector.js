// The projector: draws itself anew whenever a question or a poll changes. Listens to the room, and says nothing in it.
import { Connection } from "./live/connection.js";

const GATHER_MS = 150;

for (const root of document.querySelectorAll("[data-projector]")) {
  const { projector: address } = root.dataset;
  const lost = root.querySelector("[data-projector-lost]");
  let timer = null;

  async function read() {
    const answer = await fetch(address, { cache: "no-store", headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector(`[data-projector="${address}"]`);
    if (!fresh) throw new Error("The room is not to be seen any more.");
    const shown = root.querySelector("[data-projector-shown]");
    const next = fresh.querySelector("[data-projector-shown]");
    if (shown.innerHTML !== next.innerHTML) shown.replaceWith(document.adoptNode(next));
    return { epoch: fresh.dataset.projectorEpoch, position: Number(fresh.dataset.projectorSince) };
  }

  const readSoon = () => {
    timer ??= setTimeout(() => {
      timer = null;
      read().catch(readSoon);
    }, GATHER_MS);
  };

  const connection = new Connection({
    socketAddress: root.dataset.projectorSocket,
    pollAddress: root.dataset.projectorPoll,
    probeAddress: root.dataset.projectorProbe,
    roomAddress: root.dataset.projectorRoom,
    epoch: root.dataset.projectorEpoch,
    position: Number(root.dataset.projectorSince),
    events: (events) => events.some((event) => event.q !== undefined || event.p !== undefined) && readSoon(),
    state: (changed) => changed.p && readSoon(),
    sent() {},
    refused() {},
    live: () => (lost.textContent = ""),
    lost: () => (lost.textContent = "Connection lost. Trying again…"),
    stopped() {
      // Whoever may no longer be here leaves nothing on the wall.
      root.querySelector("[data-projector-shown]").replaceChildren();
      lost.textContent = "You can no longer see this room.";
    },
    startAfresh: read,
  });
  connection.open();
}
