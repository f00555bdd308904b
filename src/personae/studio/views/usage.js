// What there is to spend, what was spent on which day, and the books.

import { h } from "../lib/dom.js";
import { get, refreshAccount } from "../lib/api.js";
import { dayBars } from "../lib/chart.js";
import { count, time } from "../lib/format.js";
import { part } from "../lib/forms.js";
import { go, to } from "../lib/router.js";
import { choice, empty, field, listing, load, table } from "../lib/ui.js";

export const title = "Usage";

const DAY_MS = 86_400_000;
const PERIODS = [["7", "7 days"], ["30", "30 days"], ["90", "90 days"], ["365", "A year"]];
const KINDS = [
  ["Pictures", "bar-1", ["swap_image", "preview"]],
  ["Videos", "bar-2", ["swap_video"]],
  ["Other", "bar-3", ["detect_image", "detect_video", "other"]],
];
const MOVES = { grant: "Given by the operator", adjust: "Corrected by the operator", hold: "Reserved", settle: "Spent", release: "Given back" };

export async function show({ query, signal }) {
  const { balance } = await refreshAccount();
  const days = PERIODS.some(([one]) => one === query.get("days")) ? query.get("days") : "30";
  const picker = choice(PERIODS, { value: days, onchange: (event) => go("/usage", { days: event.target.value }) });
  const chart = h("div");
  load(chart, async () => spent(Number(days), signal));
  return h("div", null,
    part("Balance", h("dl", { class: "tiles" },
      tile("Available", balance.available, "free to be spent"),
      tile("Reserved", balance.held, "for swaps that are not finished"),
      tile("Spent", balance.spent, "so far"),
      tile("Received", balance.granted, "so far"))),
    part("Credits by day", h("div", { class: "sieve row" }, field("Period", picker)), chart),
    part("Ledger",
      h("p", { class: "soft" }, "Credits are reserved when a swap is asked for, spent when it succeeds, and given back when it does not."),
      ledger(signal)));
}

const tile = (name, value, hint) => h("div", null, h("dt", null, name), h("dd", null, count(value)), h("dd", { class: "hint" }, hint));

async function spent(days, signal) {
  const now = new Date();
  const offset = -now.getTimezoneOffset();
  const names = Array.from({ length: days }, (_, at) => dayName(now.getTime() - (days - 1 - at) * DAY_MS, offset));
  const since = new Date(Date.parse(`${names[0]}T00:00:00Z`) - offset * 60_000);
  const told = await get("/account/usage", { query: { since: since.toISOString(), utc_offset_minutes: offset }, signal });
  const series = KINDS.map(([name, kind, kinds]) => {
    const at = new Map();
    for (const row of told.items) {
      if (kinds.includes(row.kind) && row.credits) at.set(row.day, (at.get(row.day) ?? 0) + row.credits);
    }
    return { name, kind, at };
  });
  return dayBars("Credits spent", names, series);
}

const dayName = (ms, offset) => new Date(ms + offset * 60_000).toISOString().slice(0, 10);

function ledger(signal) {
  const page = async (cursor) => {
    const told = await get("/account/ledger", { query: { limit: 60, cursor }, signal });
    // Of the two sides of each transfer the one that receives.
    return { ...told, items: told.items.filter((one) => one.amount > 0) };
  };
  return listing(page, {
    row: (one) => [time(one.created_at), MOVES[one.kind] ?? one.kind, signed(one),
      one.task_id && h("a", { href: to(`/swaps/${one.task_id}`), "aria-label": `Swap ${one.task_id}` }, "Look at it"), one.note],
    none: empty("Nothing has happened yet. The first swap will be listed here."),
    wrap: (rows) => table("Ledger", ["When", "What", { head: "Credits", number: true }, "Swap", "Note"], rows),
  });
}

function signed(one) {
  if (one.kind === "adjust" && one.account === "granted") return `−${count(one.amount)}`;
  return { grant: "+", adjust: "+", settle: "−" }[one.kind] ? `${{ grant: "+", adjust: "+", settle: "−" }[one.kind]}${count(one.amount)}` : count(one.amount);
}
