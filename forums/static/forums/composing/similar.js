const PAUSE = 700; // after the last key
const SHORTEST = 5; // characters of a title that say something

/** Shows under the title what is like it, while it is typed. Nothing moves but the list; how many there are is said once
 * when their number changes. */
export function showSimilar(form) {
  const place = form.querySelector("[data-app-similar]");
  const title = form.querySelector('input[name="title"]');
  const said = form.querySelector("[data-app-similar-said]");
  if (!place || !title || !said) return;
  const list = place.querySelector("[data-app-similar-list]");
  let timer = 0;
  let request = null;
  let asked = title.value.trim();

  async function ask() {
    const words = title.value.trim();
    if (words === asked) return;
    asked = words;
    request?.abort();
    if (words.length < SHORTEST) return show([]);
    request = new AbortController();
    try {
      const response = await fetch(place.dataset.appSimilar, {
        method: "POST",
        body: new URLSearchParams({ title: words, csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value }),
        credentials: "same-origin",
        redirect: "error",
        signal: request.signal,
      });
      if (!response.ok) return;
      const piece = new DOMParser().parseFromString(await response.text(), "text/html");
      show([...piece.body.children]);
    } catch {
      // Away for a moment, or overtaken by what was typed since: the next key asks again.
    }
  }

  function show(found) {
    // Somebody reads the list: it stays while the focus is in it.
    if (list.contains(document.activeElement)) return;
    list.replaceChildren(...found.map((piece) => document.adoptNode(piece)));
    const count = list.querySelectorAll("li").length;
    place.hidden = !count;
    const words = count ? `${count} similar ${count === 1 ? "page or thread" : "pages and threads"} below the title` : "";
    if (said.textContent !== words) said.textContent = words;
  }

  title.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  // Restored by the browser or filled by a draft: asked once without a key.
  if (!title.value || list.children.length) return;
  asked = "";
  ask();
}
