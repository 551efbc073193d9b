// Eases a form in which somebody writes at length. All of it works without: the buttons of the form preview the text,
// keep a draft and show the form for another kind.
import { keepDrafts } from "./composing/drafts.js";
import { shapeByKind } from "./composing/kinds.js";
import { showSimilar } from "./composing/similar.js";
import { addToolbar } from "./composing/toolbar.js";

for (const form of document.querySelectorAll("form[data-app-composer]")) {
  const source = form.querySelector('textarea[name="source"]');
  if (source) {
    addToolbar(source);
    // After a quotation, or a draft, one goes on at the end.
    source.setSelectionRange(source.value.length, source.value.length);
  }
  shapeByKind(form);
  keepDrafts(form);
  showSimilar(form);
}
