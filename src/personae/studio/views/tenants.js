// For operators: everybody who uses the service.

import { h } from "../lib/dom.js";
import { freshKey, get, post } from "../lib/api.js";
import { count, time } from "../lib/format.js";
import { filters, form, line, part } from "../lib/forms.js";
import { go, to } from "../lib/router.js";
import { choice, empty, field, listing, state, table, toast } from "../lib/ui.js";

export const title = "Tenants";

const WHICH = [["", "All"], ["false", "At work"], ["true", "Suspended"]];

export function show({ query, signal }) {
  const q = h("input", { type: "search", maxlength: 100, value: query.get("q") ?? "", placeholder: "Name or id" });
  const which = choice(WHICH, { value: query.get("suspended") ?? "" });
  const name = line({ required: true, placeholder: "Example Studio" });
  const once = freshKey();
  const page = (cursor) => get("/admin/tenants", { query: { q: query.get("q"), suspended: query.get("suspended"), limit: 25, cursor }, signal });
  return h("div", null,
    part("Everybody",
      filters([field("Search", q), field("Which", which), h("button", null, "Search")],
        () => go("/admin/tenants", { q: q.value.trim(), suspended: which.value })),
      listing(page, {
        row: (one) => [h("a", { href: to(`/admin/tenants/${one.id}`) }, one.name), count(one.balance.available), count(one.balance.held), count(one.balance.spent),
          one.suspended_at ? h("span", { class: "state warn" }, "suspended") : state("at work"), time(one.created_at)],
        none: empty(query.size ? "Nobody fits. Clear the search to see all." : "There is no tenant yet. Make one below."),
        wrap: (rows) => table("Tenants", ["Name", { head: "Available", number: true }, { head: "Reserved", number: true }, { head: "Spent", number: true }, "State", "Since"], rows),
      })),
    part("Make a tenant", form("Make it", async () => {
      const made = await post("/admin/tenants", { name: name.value.trim() }, { signal, idempotencyKey: once + name.value.length });
      toast(`${made.name} is made. Give it credits and a key.`);
      go(`/admin/tenants/${made.id}`);
    }, field("Name", name, "It begins with an empty account and without a key."), { label: "Make a tenant" })));
}
