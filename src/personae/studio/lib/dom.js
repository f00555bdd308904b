// Elements out of plain calls: h("button", { class: "primary", onclick: go }, "Swap").
// Text is always text, never markup, so nothing that a user or a file says can become script.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "path", "rect", "circle", "line", "g", "text", "title", "polyline"]);

/**
 * Make an element.
 * @param {string} tag
 * @param {Object|null} props attributes; `on…` are listeners, `style` an object, `data` data-… ;
 *   true sets an empty attribute, and false, null and undefined leave it out; `value`, `checked`,
 *   `disabled`, `srcObject` and the like are set as properties.
 * @param {...(Node|string|number|Array|null|false)} children
 * @returns {Element}
 */
export function h(tag, props, ...children) {
  const element = SVG_TAGS.has(tag) && tag !== "title"
    ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) set(element, name, value);
  append(element, children);
  return element;
}

const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "srcObject", "muted", "indeterminate"]);

function set(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (PROPERTIES.has(name) && value === false) element[name] = false;
    return;
  }
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "style") {
    for (const [key, one] of Object.entries(value)) element.style.setProperty(key, String(one));
  } else if (name === "data") Object.assign(element.dataset, value);
  else if (PROPERTIES.has(name)) element[name] = value;
  else element.setAttribute(name, value === true ? "" : String(value));
}

/** Append what may be nodes, texts, numbers, lists of them, or nothing. */
export function append(parent, children) {
  for (const one of [children].flat(9)) {
    if (one === null || one === undefined || one === false || one === true) continue;
    parent.append(one instanceof Node ? one : document.createTextNode(String(one)));
  }
}

/** Put these in the place of everything that is in an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

let count = 0;
/** A fresh id, to tie labels and hints to their fields. */
export const id = (prefix = "x") => `${prefix}-${++count}`;
