const BUTTONS = [
  { name: "Bold", sign: "B", does: (text) => around(text, "**", "bold text") },
  { name: "Italic", sign: "I", does: (text) => around(text, "*", "italic text") },
  { name: "Link", sign: "Link", does: link },
  { name: "List", sign: "List", does: (text) => before(text, "- ", "first of a list") },
  { name: "Quote", sign: "Quote", does: (text) => before(text, "> ", "what somebody said") },
  { name: "Code", sign: "Code", does: (text) => around(text, "`", "code") },
];

/** Buttons that write Markdown around what is selected. One stop of the Tab key; arrow keys go from button to button. */
export function addToolbar(field) {
  const bar = document.createElement("div");
  bar.className = "app-toolbar";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "Formatting");
  bar.setAttribute("aria-controls", field.id);

  const buttons = BUTTONS.map(({ name, sign, does }, position) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `app-toolbar__button app-toolbar__button--${name.toLowerCase()}`;
    button.textContent = sign;
    button.setAttribute("aria-label", name);
    button.title = name;
    button.tabIndex = position ? -1 : 0;
    button.addEventListener("click", () => write(field, does));
    bar.append(button);
    return button;
  });

  bar.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(event.target);
    const to = {
      ArrowRight: (at + 1) % buttons.length,
      ArrowLeft: (at + buttons.length - 1) % buttons.length,
      Home: 0,
      End: buttons.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    buttons[to].focus();
  });
  bar.addEventListener("focusin", (event) => {
    for (const button of buttons) button.tabIndex = button === event.target ? 0 : -1;
  });
  field.before(bar);
}

/** Puts what `does` makes of the selection in its place and selects the part that somebody would type over. */
function write(field, does) {
  const { selectionStart: start, selectionEnd: end, value } = field;
  const { text, from, to } = does({ selected: value.slice(start, end), isLineStart: start === 0 || value[start - 1] === "\n" });
  field.focus();
  // The old way keeps the browser's own undo; where it is gone, the new one does the same without.
  if (!document.execCommand("insertText", false, text)) {
    field.setRangeText(text, start, end, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  field.setSelectionRange(start + from, start + to);
}

function around({ selected }, sign, otherwise) {
  const inside = selected || otherwise;
  return { text: sign + inside + sign, from: sign.length, to: sign.length + inside.length };
}

function before({ selected, isLineStart }, sign, otherwise) {
  const lines = (selected || otherwise).split("\n").map((line) => sign + line);
  const lead = isLineStart ? "" : "\n\n";
  const text = lead + lines.join("\n");
  return { text, from: lead.length + sign.length, to: text.length };
}

function link({ selected }) {
  const isAddress = /^https?:\/\/\S+$/.test(selected);
  const words = isAddress ? "words to click" : selected || "words to click";
  const address = isAddress ? selected : "https://";
  const text = `[${words}](${address})`;
  if (isAddress) return { text, from: 1, to: 1 + words.length };
  return { text, from: words.length + 3, to: words.length + 3 + address.length };
}
