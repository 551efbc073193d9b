/** Shows what the chosen kind of thread asks for. What was typed for another kind stays in the form, out of sight. */
export function shapeByKind(form) {
  const parts = form.querySelectorAll("[data-app-kind]");
  if (!parts.length) return;
  // It would also be what Enter presses.
  form.querySelector("[data-app-kind-button]")?.remove();

  const shape = () => {
    const chosen = form.querySelector('input[name="kind"]:checked')?.value;
    for (const part of parts) part.hidden = part.dataset.appKind !== chosen;
  };
  form.addEventListener("change", (event) => {
    if (event.target.name === "kind") shape();
  });
  shape();
}
