/** Beside a field that is there to be copied stands a button that does it, and says so politely. Without this script there
 * is no button: the field can be selected. Where the browser does not let a script copy, the button selects it. */
export function offerCopying(root) {
  for (const place of root.querySelectorAll("[data-app-copying]")) {
    const field = place.querySelector("input");
    const button = place.querySelector("button");
    const said = place.querySelector("[role=status]");

    button.hidden = false;
    button.addEventListener("click", async () => {
      said.textContent = "";
      try {
        await navigator.clipboard.writeText(field.value);
        said.textContent = "Copied";
      } catch {
        field.select();
        said.textContent = "Selected: copy it with your keyboard or the menu of your browser";
      }
    });
    button.addEventListener("blur", () => {
      said.textContent = "";
    });
  }
}
