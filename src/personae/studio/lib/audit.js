// Lines of the audit log: one's own, or, for operators, everybody's.

import { h } from "./dom.js";
import { get } from "./api.js";
import { time } from "./format.js";
import { filters, line, part, startOf } from "./forms.js";
import { go, to } from "./router.js";
import { choice, empty, field, listing, table } from "./ui.js";

const GROUPS = [["", "Everything"], ["task.*", "Swaps and searches"], ["asset.*", "Files"], ["face.*", "Saved faces"],
  ["key.*", "Keys"], ["credits.*", "Credits"], ["endpoint.*", "Webhook endpoints"], ["delivery.*", "Deliveries"],
  ["consent.*", "Consent"], ["register.*", "People who are never swapped"], ["policy.*", "Refusals"],
  ["takedown.*", "Takedowns"], ["tenant.*", "Tenants"], ["file.*", "Blocked files"]];

/** @param {{path: string, place: string, query: URLSearchParams, signal: AbortSignal, all?: boolean}} options */
export function auditPanel({ path, place, query, signal, all = false }) {
  const own = (name) => query.get(name) ?? "";
  const groups = GROUPS.some(([one]) => one === own("action")) ? GROUPS : [...GROUPS, [own("action"), own("action")]];
  const action = choice(groups, { value: own("action") });
  const about = line({ value: own("subject"), placeholder: "task_…, asset_…, key_…", pattern: "[0-9A-Za-z_\\-]{1,100}", title: "An id: letters, digits, _ and -" });
  const more = all ? {
    actor: line({ value: own("actor"), placeholder: "key_… or worker", pattern: "[0-9A-Za-z_\\-]{1,100}" }),
    tenant_id: line({ value: own("tenant_id"), placeholder: "tenant_…", pattern: "[0-9A-Za-z_\\-]{1,100}" }),
    since: h("input", { type: "date", value: own("since") }), until: h("input", { type: "date", value: own("until") }),
  } : {};
  const asked = () => ({
    action: action.value, subject: about.value.trim(),
    ...Object.fromEntries(Object.entries(more).map(([name, input]) => [name, input.value.trim()])),
  });
  const wanted = asked();
  const page = (cursor) => get(path, { signal, query: { ...wanted, limit: 25, cursor, since: startOf(wanted.since), until: startOf(wanted.until) } });
  const heads = ["When", "What", "To what", "By whom", "More", ...(all ? ["Tenant"] : [])];
  const linked = (name, value) => h("a", { href: to(place, { ...wanted, [name]: value }), "aria-label": `Only ${value}` }, h("code", null, shorter(value)));
  return part(all ? "Lines" : "What happened",
    filters([field("What", action), field("About", about),
      ...(all ? [field("By whom", more.actor), field("Tenant", more.tenant_id), field("From", more.since), field("Before", more.until)] : []),
      h("button", null, "Show")], () => go(place, asked())),
    listing(page, {
      row: (one) => [time(one.at), one.action, linked("subject", one.subject), all ? linked("actor", one.actor) : h("code", null, shorter(one.actor)),
        detailOf(one.detail), ...(all ? [one.tenant_id ? linked("tenant_id", one.tenant_id) : "–"] : [])],
      none: empty("No line fits. Choose “Everything” to see all."),
      wrap: (rows) => table(all ? "Audit log" : "What happened", heads, rows),
    }));
}

/** A long name so that it can be told from others: its kind, and its end, which is random. */
export function shorter(name) {
  if (!name || name.length <= 20) return name || "–";
  return name.includes("_") ? `${name.split("_")[0]}_…${name.slice(-6)}` : `${name.slice(0, 12)}…`;
}

function detailOf(detail) {
  const pairs = Object.entries(detail);
  if (!pairs.length) return "–";
  const words = pairs.map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`);
  const text = words.join(", ");
  return text.length < 60 ? text : h("details", null, h("summary", null, pairs.map(([name]) => name).join(", ")), h("pre", { tabindex: "0" }, words.join("\n")));
}
