/** Gives a name to what Wagtail's editing pages leave without one, for people who hear a page instead of seeing it:
    what is typed into (rich text, tags, the blocks of a text) and the two searches. Blocks come and go while somebody
    writes, so it goes on watching. What has a name keeps it. */

const TYPED_INTO = 'input:not([type=hidden]), textarea, select, [contenteditable="true"]';
const SEARCHES = 'form[role="search"]';

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

function nameAllIn(part) {
  if (part.matches(TYPED_INTO)) nameField(part);
  if (part.matches(SEARCHES)) nameSearch(part);
  part.querySelectorAll(TYPED_INTO).forEach(nameField);
  part.querySelectorAll(SEARCHES).forEach(nameSearch);
}

new MutationObserver((changes) => {
  for (const change of changes) {
    for (const added of change.addedNodes) {
      if (added instanceof Element) nameAllIn(added);
    }
  }
}).observe(document.body, { childList: true, subtree: true });
nameAllIn(document.body);
