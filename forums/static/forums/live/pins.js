/** What stands above the log for everybody to see. */

import { made } from "./made.js";

export class Pins {
  #box;
  #list;

  constructor(box, list) {
    this.#box = box;
    this.#list = list;
  }

  /** An event about a message: put up or taken down here, or other words for what stands here. */
  hear({ k, x, h }) {
    const shown = this.#list.querySelector(`[data-pinned="${x}"]`);
    if (k === "pin" || (k === "edit" && shown)) {
      const pin = pinned(h, x);
      if (pin.classList.contains("app-message--hidden")) shown?.remove();
      else if (shown) shown.replaceWith(pin);
      else this.#list.append(pin);
    } else if (["unpin", "hide", "del"].includes(k)) {
      shown?.remove();
    }
    this.#box.hidden = !this.#list.children.length;
  }

  /** As another copy of the page has them. */
  replace(list) {
    this.#list.replaceChildren(...list.children);
    this.#box.hidden = !this.#list.children.length;
  }
}

function pinned(html, seq) {
  const pin = made(html);
  pin.id = `pinned-${seq}`;
  pin.removeAttribute("data-seq");
  pin.dataset.pinned = seq;
  return pin;
}
