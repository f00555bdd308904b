// For operators: the whole audit log, and where it ends.

import { h } from "../lib/dom.js";
import { get } from "../lib/api.js";
import { auditPanel } from "../lib/audit.js";
import { count } from "../lib/format.js";
import { part } from "../lib/forms.js";
import { copyButton, facts, load } from "../lib/ui.js";

export const title = "Audit log";

export function show({ query, signal }) {
  const head = h("div");
  load(head, async () => {
    const { lines, hash } = await get("/admin/audit/head", { signal });
    return [facts([["Lines", count(lines)], ["Hash of the last", h("code", null, hash)]]), h("p"), copyButton(`${lines}:${hash}`, "Copy the head")];
  });
  return h("div", null,
    part("Head", h("p", { class: "soft" }, "Note it where nobody who can write to the database can change it. ", h("code", null, "personae audit verify --head"), " tells later whether everything up to here is as it was."), head),
    auditPanel({ path: "/admin/audit", place: "/admin/audit", query, signal, all: true }));
}
