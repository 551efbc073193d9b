/** On a narrow screen the navigation folds behind a button, which Escape folds again. Without scripts a link unfolds it. */
export function foldNavigation(header) {
  const button = header?.querySelector("[data-app-menu-button]");
  if (!button) return;

  const show = (open) => {
    header.classList.toggle("app-header--open", open);
    button.setAttribute("aria-expanded", String(open));
  };

  for (const link of header.querySelectorAll("[data-app-menu-link]")) link.hidden = true;
  button.hidden = false;
  header.classList.add("app-header--scripted");
  show(false);
  button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
  header.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || button.getAttribute("aria-expanded") !== "true") return;
    show(false);
    button.focus();
  });
}
