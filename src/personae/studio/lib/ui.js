// Parts of screens: told in words, fields, dialogs, tables, and what to do about an error.

import { h, fill, id } from "./dom.js";
import { adviceFor, asApiError, wasAborted } from "./errors.js";

/** Say something in passing; read out by screen readers. */
export function toast(text) {
  const shown = h("div", { class: "toast" }, text);
  document.getElementById("toasts").append(shown);
  setTimeout(() => shown.remove(), 6000);
}

/** What went wrong and what to do next; with a button if it can be tried again. No title where one stands above. */
export function errorBox(error, { retry, title = "That did not work" } = {}) {
  const told = asApiError(error);
  return h("div", { class: "told bad", role: "alert" },
    h("p", null, title && h("strong", null, `${title}. `), told.detail),
    h("p", null, h("strong", null, "What to do: "), adviceFor(told.code)),
    told.problem?.errors && h("ul", null, told.problem.errors.map((one) => h("li", null,
      `${one.field ?? one.location ?? one.pointer ?? ""} ${one.message ?? one.detail ?? ""}`.trim()))),
    told.requestId && h("p", { class: "small soft" }, "Request ", h("code", null, told.requestId)),
    retry && h("button", { type: "button", onclick: retry }, "Try again"));
}

/** Something is being waited for. */
export const busy = (text = "Loading …") => h("p", { class: "row", role: "status" },
  h("span", { class: "spin", "aria-hidden": "true" }), text);

/** There is nothing yet. */
export const empty = (...children) => h("div", { class: "empty" }, children);

/** A state in a word: queued, running, succeeded, failed … */
export const state = (word) => h("span", { class: `state ${word}` }, word);

/**
 * Fill a box with what a promise brings, an error with advice if it fails, a spinner until then.
 * @param {Element} box
 * @param {() => Promise<Node|Node[]>} make called again by "Try again"
 */
export async function load(box, make, words) {
  fill(box, busy(words));
  try {
    fill(box, await make());
  } catch (error) {
    if (!wasAborted(error)) fill(box, errorBox(error, { retry: () => load(box, make, words) }));
  }
  return box;
}

/**
 * A button that does something that takes time: it cannot be pressed twice, and errors are told.
 * @param {string} label
 * @param {() => Promise<void>} act
 * @param {Object} [props] also `onerror`: (error) => void, instead of a dialog
 */
export function actButton(label, act, { onerror, ...props } = {}) {
  const button = h("button", { type: "button", ...props }, label);
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      await act();
    } catch (error) {
      if (!wasAborted(error)) (onerror ?? tellError)(error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
  return button;
}

/** An error in a dialog of its own. */
export const tellError = (error) => dialog("That did not work", errorBox(error, { title: "" }), [["Close", "primary"]]);

/**
 * A field with its label, hint and place for what is wrong.
 * @param {string} label
 * @param {Element} input an input, select or textarea
 * @param {string|Array} [hint]
 */
export function field(label, input, hint) {
  input.id ||= id("field");
  const told = hint && h("p", { class: "hint", id: id("hint") }, hint);
  if (told) input.setAttribute("aria-describedby", told.id);
  return h("div", { class: "field" }, h("label", { for: input.id }, label), input, told);
}

/** A box to tick, with its words beside it. */
export function tick(label, props) {
  const input = h("input", { type: "checkbox", ...props });
  return { node: h("label", { class: "check" }, input, h("span", null, label)), input };
}

/** A choice: options are [value, words] pairs or plain values. */
export function choice(options, props) {
  const chosen = props?.value;
  const rest = { ...props };
  delete rest.value;
  return h("select", rest, options.map((one) => {
    const [value, words] = Array.isArray(one) ? one : [one, one];
    return h("option", { value, selected: value === chosen }, words);
  }));
}

/**
 * Ask in a dialog. Escape means no.
 * @param {string} title
 * @param {Node|string} content
 * @param {Array<[string, string?]>} buttons words and class; the last is the one for Enter
 * @param {{signal?: AbortSignal}} [options] `signal` closes it, which is no answer
 * @returns {Promise<string|null>} the words that were pressed
 */
export function dialog(title, content, buttons = [["Cancel"], ["OK", "primary"]], { signal } = {}) {
  const name = id("dialog");
  return new Promise((resolve) => {
    const shown = h("dialog", { "aria-labelledby": name },
      h("h2", { id: name }, title), content,
      h("form", { method: "dialog", class: "actions" }, buttons.map(([words, kind]) =>
        h("button", { value: words, class: kind ?? "" }, words))));
    shown.addEventListener("close", () => {
      shown.remove();
      resolve(shown.returnValue || null);
    });
    signal?.addEventListener("abort", () => shown.close(""), { once: true });
    document.body.append(shown);
    shown.showModal();
  });
}

/** Whether somebody is sure; `words` name what will happen. */
export async function sure(title, words, yes = "Delete") {
  return (await dialog(title, h("p", null, words), [["Cancel"], [yes, "danger"]])) === yes;
}

/**
 * A table that folds into cards on a phone.
 * @param {string} caption
 * @param {Array<string|{head: string, number?: boolean}>} columns
 * @param {Array<Array<Node|string|number>>} rows
 */
export function table(caption, columns, rows, { showCaption = false } = {}) {
  const heads = columns.map((one) => (typeof one === "string" ? { head: one } : one));
  const kind = (one) => (one.number ? "number" : null);
  return h("div", { class: "table", tabindex: "0", role: "region", "aria-label": caption },
    h("table", { class: "folds" },
      h("caption", { class: showCaption ? null : "hidden-text" }, caption),
      h("thead", null, h("tr", null, heads.map((one) =>
        h("th", { scope: "col", class: kind(one) }, one.head || h("span", { class: "hidden-text" }, "Actions"))))),
      h("tbody", null, rows.map((row) => h("tr", null, row.map((cell, at) =>
        h("td", { class: kind(heads[at]), data: { head: heads[at].head } }, cell)))))));
}

/** A list of terms and what they are. */
export const facts = (pairs) => h("dl", { class: "facts" }, pairs.filter(Boolean).map(([term, value]) =>
  [h("dt", null, term), h("dd", null, value)]));

/** A button that copies a text. */
export function copyButton(text, label = "Copy") {
  return actButton(label, async () => {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  }, { class: "tiny", onerror: () => toast("The browser does not allow copying; select the text instead.") });
}

/**
 * A listing that loads a page at a time.
 * @param {(cursor: string|null) => Promise<{items: Object[], next_cursor: string|null}>} page
 * @param {{row: (item) => Node, none: Node, wrap?: (nodes: Node[]) => Node|Node[]}} parts
 */
export function listing(page, { row, none, wrap = (nodes) => nodes }) {
  const list = h("div", { class: "stack" });
  const foot = h("div");
  const nodes = [];
  const more = async (cursor) => {
    fill(foot, busy());
    try {
      const told = await page(cursor);
      nodes.push(...told.items.map(row));
      fill(list, nodes.length ? wrap(nodes) : none);
      fill(foot, told.next_cursor && h("button", { type: "button", onclick: () => more(told.next_cursor) }, "Show more"));
    } catch (error) {
      if (!wasAborted(error)) fill(foot, errorBox(error, { retry: () => more(cursor) }));
    }
  };
  more(null);
  return h("div", { class: "stack" }, list, foot);
}
