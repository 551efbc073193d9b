/** How long it is until a room opens, each second; then the room itself. Said to nobody: whoever wants to know looks. */
export function countDown(early, open) {
  const opensAt = Date.parse(early.dataset.liveEarly);
  const place = early.querySelector("[data-live-countdown]");
  early.querySelector("[data-live-come-back]").textContent = "This page shows the room when it opens.";
  const timer = setInterval(tick, 1_000);
  tick();

  async function tick() {
    const left = Math.ceil((opensAt - Date.now()) / 1_000);
    place.textContent = inWords(Math.max(0, left));
    if (left > 0) return;
    clearInterval(timer);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 2_000)); // not everybody at once
    const room = await fetchRoom(early.dataset.livePage);
    if (!room) return setTimeout(() => countDown(early, open), 5_000); // the clocks differ
    early.replaceWith(room);
    open(room);
  }
}

async function fetchRoom(address) {
  try {
    const answer = await fetch(address, { cache: "no-store", headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const room = page.querySelector(`[data-live-room="${address}"]`);
    return room && document.adoptNode(room);
  } catch {
    return null;
  }
}

function inWords(seconds) {
  const parts = [
    [Math.floor(seconds / 86_400), "day"],
    [Math.floor((seconds % 86_400) / 3_600), "hour"],
    [Math.floor((seconds % 3_600) / 60), "minute"],
    [seconds % 60, "second"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  const shown = parts.slice(first < 0 ? -1 : first).slice(0, 2);
  return shown.map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`).join(", ");
}
