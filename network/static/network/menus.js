/** What is in a menu is asked for when it is first opened; until it comes, and where it does not, the link in it leads to
 * a page of the same. */
async function fill(menu) {
  const address = menu.dataset.appFill;
  delete menu.dataset.appFill;
  const answer = await fetch(address, { headers: { "X-Requested-With": "XMLHttpRequest" } });
  if (answer.ok && !answer.redirected) menu.querySelector("[data-app-filling]").innerHTML = await answer.text();
}

/** Menus are `<details>`: they open by themselves. A click elsewhere, Escape, or moving on with Tab closes them. */
export function closeMenus(root) {
  for (const menu of root.querySelectorAll("details[data-app-menu]")) {
    const summary = menu.querySelector("summary");
    menu.addEventListener("toggle", () => {
      if (menu.open && menu.dataset.appFill) fill(menu).catch(() => {});
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      event.preventDefault();
      menu.open = false;
      summary.focus();
    });
    menu.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
    });
    root.addEventListener("click", (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  }
}
