const PAUSE = 3000; // after the last key
const RETRY = 15000; // after the network was away
const LONGEST = 10000; // however long somebody types on

/** Saves what is typed, so that it is found again on another device. Says when under the buttons; what goes wrong is said
 * aloud too. One request at a time, so that each knows of the draft that the one before made. */
export function keepDrafts(form) {
  const known = form.querySelector('input[name="draft_at"]');
  if (!known) return;
  const said = line("app-draft__said");
  const problem = line("app-draft__problem");
  problem.setAttribute("role", "status");
  form.append(said, problem);

  let saved = typed(form);
  let timer = 0;
  let since = 0;
  let request = null;
  let isOver = false;

  const later = () => {
    clearTimeout(timer);
    if (isOver) return;
    since ||= Date.now();
    timer = setTimeout(save, Math.max(0, Math.min(PAUSE, since + LONGEST - Date.now())));
  };

  async function save() {
    const now = typed(form);
    since = 0;
    if (isOver || now === saved) return;
    if (request) return later();
    request = new AbortController();
    try {
      const response = await fetch(form.dataset.appComposer, {
        method: "POST",
        body: fields(form),
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        redirect: "error",
        signal: request.signal,
      });
      await answered(response, now);
    } catch (error) {
      if (error.name !== "AbortError") {
        say(problem, "Your draft cannot be saved just now. What you typed is still here.");
        timer = setTimeout(save, RETRY);
      }
    } finally {
      request = null;
    }
  }

  async function answered(response, now) {
    const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
    const told = isJson ? await response.json() : {};
    if (response.ok) {
      known.value = told.draft_at;
      saved = now;
      say(said, told.said);
      say(problem, "");
      return;
    }
    say(said, "");
    if (told.newer) {
      isOver = true;
      offer(told);
    } else {
      // Whoever is signed out finds their words again after the button is pressed.
      say(problem, told.said || "Your draft is not saved: you may be signed out. Send it, and you can sign in and go on.");
    }
  }

  /** A newer draft from elsewhere is not written over unasked. */
  function offer(told) {
    say(problem, `${told.said} What you type here is not saved. `);
    const here = document.createElement("button");
    here.type = "button";
    here.className = "app-quiet-button";
    here.textContent = "Keep what is here instead";
    here.addEventListener("click", () => {
      known.value = told.newer;
      isOver = false;
      say(problem, "");
      form.querySelector('textarea[name="source"]')?.focus();
      save();
    });
    problem.append(here);
  }

  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("submit", () => {
    isOver = true;
    clearTimeout(timer);
    request?.abort();
  });
  // Somebody comes back with the back button: the form is as they left it, and goes on.
  addEventListener("pageshow", (event) => {
    if (event.persisted) isOver = false;
  });
}

function line(name) {
  const shown = document.createElement("p");
  shown.className = `govuk-body-s ${name}`;
  return shown;
}

function say(shown, words) {
  if (shown.textContent !== words) shown.textContent = words;
}

/** The form without its files: a draft is words. */
function fields(form) {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
  return body;
}

function typed(form) {
  const body = fields(form);
  for (const name of ["csrfmiddlewaretoken", "draft_at", "writer", "form_id"]) body.delete(name);
  return body.toString();
}
