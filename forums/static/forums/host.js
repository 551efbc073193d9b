// The host screen: what the page does by forms and reloading, this does at once. It listens to the room beside it, whose
// script passes on what the socket says.
import { Board } from "./live/board.js";

const MINUTE = 60_000;

for (const root of document.querySelectorAll("[data-host]")) {
  const part = (name) => root.querySelector(`[data-host-${name}]`);
  const board = new Board(root, part("board"));
  let held = root.dataset.hostHeld;

  root.addEventListener("live:events", ({ detail }) => {
    if (detail.some((event) => event.q !== undefined)) board.lookSoon();
  });
  root.addEventListener("live:state", ({ detail }) => {
    if (detail.presence !== undefined) part("present").textContent = detail.presence;
    if (detail.q) board.count(detail.q);
    // Another number: something waits for the host, or does no more.
    if (detail.held !== undefined && String(detail.held) !== held) {
      held = String(detail.held);
      board.lookSoon();
    }
  });

  // Said to nobody: whoever wants to know looks.
  const closes = part("closes");
  if (closes) {
    const tell = () => {
      const left = Date.parse(closes.dataset.hostCloses) - Date.now();
      part("left").textContent = left > 0 ? inWords(left) : "No time";
    };
    tell();
    setInterval(tell, MINUTE / 4);
  }
}

function inWords(ms) {
  const minutes = Math.ceil(ms / MINUTE);
  const hours = Math.floor(minutes / 60);
  const words = [
    [hours, "hour"],
    [minutes % 60, "minute"],
  ];
  return words
    .filter(([count]) => count)
    .map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`)
    .join(", ");
}
