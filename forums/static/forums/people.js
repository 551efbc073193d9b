// Offers names of people in a field that takes one: the browser's own list, filled by the server as somebody types.
const REST_MS = 150;

for (const list of document.querySelectorAll("[data-people-offered]")) {
  const field = list.closest("form").elements.who;
  const token = list.closest("form").elements.csrfmiddlewaretoken.value;
  field.setAttribute("list", list.id);
  let timer = null;
  let asked = null;

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(offer, REST_MS);
  });

  async function offer() {
    const name = field.value.trim();
    asked?.abort();
    if (!name || name.includes("@")) return list.replaceChildren();
    asked = new AbortController();
    try {
      const answer = await fetch(list.dataset.peopleOffered, {
        method: "POST",
        body: new URLSearchParams({ name }),
        headers: { "X-CSRFToken": token, "X-Requested-With": "XMLHttpRequest" },
        signal: asked.signal,
      });
      if (!answer.ok) return list.replaceChildren();
      const { people } = await answer.json();
      return list.replaceChildren(...people.map((person) => new Option(person.council, person.words)));
    } catch {
      return undefined; // asked anew meanwhile, or no connection: typing goes on
    }
  }
}
