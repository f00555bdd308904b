// For operators: people whom nobody may swap, and whom a photo would be taken for.

import { h, fill } from "../lib/dom.js";
import { call } from "../lib/api.js";
import { form, part } from "../lib/forms.js";
import { entries, entryFields, entryMade } from "../lib/register.js";
import { empty, field, table } from "../lib/ui.js";

export const title = "Do-not-swap register";

export function show({ query, signal }) {
  const list = h("div", { class: "stack" });
  const refill = () => fill(list, entries({ path: "/admin/register/people", place: "/admin/register", query, signal, changeable: true, all: true }));
  refill();
  return h("div", null, part("Who is in it", list), addPart(signal, refill), lookPart(signal));
}

function addPart(signal, refill) {
  const told = h("div");
  const { photos, values, parts } = entryFields();
  const add = form("Add this person", async () => {
    const body = new FormData();
    for (const photo of photos.files) body.append("photo", photo);
    const { ends, ...rest } = values();
    for (const [name, value] of Object.entries({ ...rest, expires_at: ends })) if (value) body.append(name, value);
    entryMade(told, await call("POST", "/admin/register/people", { body, signal }));
    add.reset();
    refill();
  }, parts, { label: "Add a person" });
  return part("Add a person", h("p", { class: "soft" }, "It holds for everybody's tasks, also for those that wait."), told, add);
}

function lookPart(signal) {
  const found = h("div", { "aria-live": "polite" });
  const photo = h("input", { type: "file", accept: "image/*", required: true });
  return part("Look somebody up",
    form("Look up", async () => {
      const body = new FormData();
      body.append("photo", photo.files[0]);
      const told = await call("POST", "/admin/register/look-ups", { body, signal });
      const rows = told.found.map((one) => [one.person.name || "(no name)", one.distance.toFixed(4),
        one.refused ? h("span", { class: "state bad" }, "refused") : h("span", { class: "state good" }, "let through"), one.person.reason || "–"]);
      fill(found, told.warnings.map((one) => h("p", { class: "told warn" }, one)),
        rows.length ? table("Nearest entries", ["Name", { head: "Distance", number: true }, "A swap would be", "Reason"], rows) : empty("The register is empty, so nobody is taken for anybody."));
    }, field("Photo", photo, "Of one person. It is compared and not kept."), { label: "Look somebody up" }),
    found);
}
