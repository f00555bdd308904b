// Forms that send themselves: once, with what went wrong beside their button.

import { h, fill } from "./dom.js";
import { wasAborted } from "./errors.js";
import { errorBox } from "./ui.js";

/**
 * A form.
 * @param {string} words on its button
 * @param {() => Promise<void>} submit what it does; after an error everything entered stays
 * @param {Array} parts its fields
 * @param {Object} [props] `label`: its name for screen readers; `kind`: the button's class
 */
export function form(words, submit, parts, { label, kind = "primary", ...props } = {}) {
  const told = h("div");
  const button = h("button", { class: kind }, words);
  const node = h("form", { "aria-label": label ?? words, ...props }, parts, told, h("div", { class: "row" }, button));
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    fill(told);
    try {
      await submit();
    } catch (error) {
      if (!wasAborted(error)) fill(told, errorBox(error));
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
  return node;
}

/** One line of text. */
export const line = (props) => h("input", { type: "text", maxlength: 100, autocomplete: "off", ...props });

/** A secret that is shown this once, with a button that copies it. */
export function shownOnce(title, secret, copy, rest) {
  const box = h("div", { class: "told good", role: "status", tabindex: "-1" },
    h("p", null, h("strong", null, title), " It is shown this once: copy it now, and keep it where only you can read it."),
    h("div", { class: "row" }, h("pre", { class: "secret", tabindex: "0", "aria-label": title }, secret), copy),
    rest);
  setTimeout(() => box.focus());
  return box;
}

/** A part of a page under a heading. */
export const part = (title, ...children) => h("section", { class: "card" }, h("h2", null, title), children);

/** A filter that stands in the address: what it is changed to is told, and a reload keeps it. */
export function filters(parts, told) {
  const node = h("form", { class: "row sieve", role: "search" }, parts);
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    told();
  });
  node.addEventListener("change", () => told());
  return node;
}

/** The start of a day that the user chose, as the API wants it. */
export const startOf = (day) => (day ? new Date(`${day}T00:00:00`).toISOString() : null);
