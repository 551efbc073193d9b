// Titles that begin with what is typed, under the field of the search. Only links: Tab reaches them, Escape takes them away,
// and how many there are is said once typing rests.
const RESTS_MS = 250;
const SHORTEST = 3;

function start(form) {
  const field = form.querySelector("input[type=search]");
  const shown = form.querySelector("[data-suggestions-shown]");
  const says = document.createElement("p");
  says.className = "govuk-visually-hidden";
  says.setAttribute("role", "status");
  shown.after(says);
  let timer = null;
  let asked = null;

  function close() {
    clearTimeout(timer);
    asked?.abort();
    shown.hidden = true;
    shown.replaceChildren();
    says.textContent = "";
  }

  async function ask() {
    const typed = field.value.trim();
    if (typed.length < SHORTEST) return close();
    asked?.abort();
    asked = new AbortController();
    try {
      const address = `${form.dataset.suggestions}?${new URLSearchParams({ q: typed })}`;
      const answer = await fetch(address, { signal: asked.signal });
      if (!answer.ok) return close();
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const list = page.querySelector("ul");
      if (!list) return close();
      shown.replaceChildren(list);
      shown.hidden = false;
      const count = list.children.length;
      says.textContent = count === 1 ? "1 suggestion below" : `${count} suggestions below`;
    } catch {
      // Typing went on, or the connection is lost: the search itself says so.
    }
    return undefined;
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, RESTS_MS);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || shown.hidden) return;
    event.preventDefault();
    close();
    field.focus();
  });
  form.addEventListener("submit", close);
}

for (const form of document.querySelectorAll("[data-suggestions]")) start(form);
