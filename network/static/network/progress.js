// Asks from time to time how far something is, and shows it in place. Says it aloud when it is done, and not before:
// whoever wants to know meanwhile reads it. What is said then stands in `data-app-progress-said`.
const EVERY = 3000;

async function look() {
  const shown = document.querySelector("[data-app-progress]");
  if (document.hidden) return true;
  const response = await fetch(location.href, { credentials: "same-origin" });
  if (!response.ok || response.redirected) return false;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const now = fresh.querySelector("[data-app-progress]");
  if (!shown || !now) return false;
  const goesOn = now.dataset.appProgress === "running";
  if (goesOn) {
    shown.querySelector("progress").value = now.querySelector("progress").value;
    shown.querySelector("#how-far").textContent = now.querySelector("#how-far").textContent;
  } else {
    shown.replaceWith(document.adoptNode(now));
    document.title = fresh.title;
    const said = document.querySelector("[data-app-progress-said]");
    said.textContent = said.dataset.appProgressSaid;
  }
  return goesOn;
}

async function watch() {
  // A look that fails is no news: the network may be away for a moment.
  const goesOn = await look().catch(() => true);
  if (goesOn) setTimeout(watch, EVERY);
}

setTimeout(watch, EVERY);
