// A place that the key does not open: whose key it is, what it lacks, and where it can go.

import { h } from "../lib/dom.js";
import { to } from "../lib/router.js";
import { session } from "../lib/session.js";
import { places } from "../routes.js";

export const title = "This key does not open this place";

/** @param {{scope: string}} place the scope that the key would need */
export function show({ scope }) {
  return h("section", { class: "card" }, why(scope),
    places(session).map(([group, links]) => h("div", null,
      h("p", { class: "soft" }, `${group || "Open to this key"}:`),
      h("ul", null, links.map(([path, words]) => h("li", null, h("a", { href: to(path) }, words)))))),
    h("p"), h("button", {
      type: "button", onclick: () => document.dispatchEvent(new CustomEvent("signed-out")),
    }, "Sign in with another key"));
}

function why(scope) {
  if (session.account.operator) {
    return h("p", null, h("strong", null, "This key is an operator's: it has no account. "),
      "So there is nothing to swap, to save or to spend with it. Sign in with a tenant's key for that.");
  }
  if (scope === "admin") {
    return h("p", null, h("strong", null, "This place is for operators. "),
      "Sign in with an operator's key, which ", h("code", null, "personae keys create-operator"), " makes.");
  }
  return h("p", null, h("strong", null, "This key lacks the scope ", h("code", null, scope), ". "),
    "Sign in with a key that has it, or ask whoever gave you this one.");
}
