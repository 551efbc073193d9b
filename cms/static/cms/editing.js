/** Gives a name to what Wagtail's editing pages leave without one, for people who hear a page instead of seeing it:
    what is typed into (rich text, tags, the blocks of a text), the two searches, windows and the calendar. Keeps a page
    out of reach while a window lies over it, and puts right what is said of headings. Blocks and windows come and go
    while somebody writes, so it goes on watching. What has a name keeps it. */

const TYPED_INTO = 'input:not([type=hidden]), textarea, select, [contenteditable="true"]';
const SEARCHES = 'form[role="search"]';
const WINDOW = ".modal";
const TURNED = { xdsoft_prev: "Earlier", xdsoft_today_button: "Today", xdsoft_next: "Later" };

function hasName(element) {
  return (
    element.hasAttribute("aria-label") ||
    element.hasAttribute("aria-labelledby") ||
    element.hasAttribute("title") ||
    element.labels?.length > 0
  );
}

let idsGiven = 0;

function idOf(element) {
  element.id ||= `named-${++idsGiven}`;
  return element.id;
}

/** The label of the field. Rich text and tags stand in for an input that is not shown, and only that one has it. */
function labelOfField(element) {
  for (const sent of element.closest("[data-field]")?.querySelectorAll("input[id], textarea[id]") ?? []) {
    const label = document.querySelector(`label[for="${CSS.escape(sent.id)}"]`);
    if (label) return label;
  }
  const before = element.closest("[data-field-wrapper]")?.previousElementSibling;
  return before?.matches("label") ? before : null;
}

/** The kinds of the blocks that the element is in, outermost first; outside a block, the heading of its panel. */
function headingsAround(element) {
  const kinds = [];
  for (let panel = element.closest("[data-panel]"); panel; panel = panel.parentElement.closest("[data-panel]")) {
    const heading = document.getElementById(panel.getAttribute("aria-labelledby"));
    const kind = heading?.querySelector(".c-sf-block__type");
    if (!kind) return kinds.length || !heading ? kinds : [heading];
    if (kind.textContent.trim()) kinds.unshift(kind);
  }
  return kinds;
}

function nameField(element) {
  if (hasName(element)) return;
  const label = labelOfField(element);
  const names = label ? [label] : headingsAround(element);
  if (names.length) element.setAttribute("aria-labelledby", names.map(idOf).join(" "));
}

function nameSearch(form) {
  if (hasName(form)) return;
  form.setAttribute("aria-label", form.closest("[data-wagtail-sidebar]") ? "All pages" : "This list");
}

/** A window is called by its heading, which is another at each step in it. */
function nameWindow(modal) {
  const heading = modal.querySelector("h1, h2");
  if (heading) modal.setAttribute("aria-labelledby", idOf(heading));
}

/** While a window lies over the page, nothing behind it can be reached or read. */
function keepBehind() {
  const open = document.querySelector(`${WINDOW}.in`);
  for (const part of document.body.children) {
    if (part.matches(`script, ${WINDOW}, .modal-backdrop`)) continue;
    if (!open && part.dataset.keptBehind !== undefined) {
      part.inert = false;
      delete part.dataset.keptBehind;
    } else if (open && !part.inert) {
      part.inert = true;
      part.dataset.keptBehind = "";
    }
  }
}

/** Over the arrows of a list of pages to those below them stands nothing. */
function nameColumn(header) {
  if (header.textContent.trim()) return;
  const words = document.createElement("span");
  words.className = "w-sr-only";
  words.textContent = "Pages below";
  header.replaceChildren(words);
}

/** What may be put in by typing a slash. */
function nameOffer(offer) {
  if (!hasName(offer)) offer.setAttribute("aria-label", "What can be put in");
}

/** Opens beside a field for a date or a time, which can be typed as well. */
function nameCalendar(calendar) {
  calendar.setAttribute("role", "dialog");
  calendar.setAttribute("aria-label", "Choose a date or a time");
  for (const button of calendar.querySelectorAll("button")) {
    const turned = Object.keys(TURNED).find((name) => button.classList.contains(name));
    const of = button.closest(".xdsoft_timepicker") ? " times" : turned === "xdsoft_today_button" ? "" : " month";
    if (turned) button.setAttribute("aria-label", TURNED[turned] + of);
  }
}

/** How many were found is said politely; a heading stays one. */
function sayCount(heading) {
  heading.removeAttribute("role");
  heading.setAttribute("aria-live", "polite");
}

/** The list of other searches comes right below the heading of the page. */
function raiseHeading(heading) {
  heading.setAttribute("aria-level", "2");
  heading.setAttribute("role", "heading");
}

const CARES = [
  [TYPED_INTO, nameField],
  [SEARCHES, nameSearch],
  [WINDOW, nameWindow],
  [`${WINDOW} .listing th`, nameColumn],
  [".Draftail-Tooltip", nameOffer],
  [".xdsoft_datetimepicker", nameCalendar],
  ["h2[role=alert]", sayCount],
  ["h3#other-searches-title, h3#page-types-title", raiseHeading],
];

function nameAllIn(part) {
  for (const [selector, name] of CARES) {
    if (part.matches(selector)) name(part);
    part.querySelectorAll(selector).forEach(name);
  }
  const around = part.parentElement?.closest(WINDOW);
  if (around) nameWindow(around);
}

new MutationObserver((changes) => {
  for (const change of changes) {
    for (const added of change.addedNodes) {
      if (added instanceof Element) nameAllIn(added);
    }
  }
  if (changes.some((change) => change.type === "attributes" && change.target.matches(WINDOW))) keepBehind();
}).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
nameAllIn(document.body);
