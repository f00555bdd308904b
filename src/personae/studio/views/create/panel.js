// A dialog that stays open while something is chosen in it.

import { h, id } from "../../lib/dom.js";

/**
 * Open a dialog.
 * @param {string} title
 * @param {(close: (told?: any) => void, signal: AbortSignal) => Node|Node[]} make its content;
 *   `signal` is aborted when it closes
 * @returns {Promise<any>} what `close` was told; null for Escape and for Close
 */
export function panel(title, make, { wide = false } = {}) {
  const name = id("panel");
  const open = new AbortController();
  let told = null;
  return new Promise((resolve) => {
    const shown = h("dialog", { class: wide ? "panel wide" : "panel", "aria-labelledby": name });
    const close = (value = null) => {
      told = value;
      shown.close();
    };
    shown.append(
      h("div", { class: "row apart panel-head" }, h("h2", { id: name }, title),
        h("button", { type: "button", class: "plain tiny", onclick: () => close() }, "Close")),
      h("div", { class: "panel-body" }, make(close, open.signal)));
    shown.addEventListener("close", () => {
      open.abort();
      shown.remove();
      resolve(told);
    });
    // What a dialog is about is gone when somebody goes to another place.
    addEventListener("hashchange", () => close(), { signal: open.signal });
    document.body.append(shown);
    shown.showModal();
  });
}
