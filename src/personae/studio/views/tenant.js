// For operators: one tenant; credits, keys, how long its things are kept, and whether it may work.

import { h, fill } from "../lib/dom.js";
import { freshKey, get, patch, post } from "../lib/api.js";
import { count, time } from "../lib/format.js";
import { form, line, part } from "../lib/forms.js";
import { keysPanel } from "../lib/keys.js";
import { retentionForm } from "../lib/retention.js";
import { to } from "../lib/router.js";
import { actButton, facts, field, sure, toast } from "../lib/ui.js";

export const title = "Tenant";

export async function show({ params, signal, retitle }) {
  const path = `/admin/tenants/${params.id}`;
  const head = h("div", { class: "card" });
  const kept = h("div");
  const tell = (one) => {
    setTimeout(() => retitle(one.name));
    fill(head, summary(one, change));
    fill(kept, retentionForm(one.retention, one.retention, async (times) => {
      await change({ retention: times }, "Saved. It holds for what is there within a minute.");
    }, { free: true }));
  };
  const change = async (values, words) => {
    tell(await patch(path, values, { signal }));
    toast(words);
  };
  tell(await get(path, { signal }));
  return h("div", null,
    h("p", null, h("a", { href: to("/admin/tenants") }, "All tenants")),
    head,
    part("Credits", grantForm(path, signal, async () => tell(await get(path, { signal })))),
    keysPanel({ path: `${path}/keys`, signal }),
    part("The longest that its things are kept", h("p", { class: "soft" }, "The tenant can choose less for itself."), kept));
}

function summary(one, change) {
  const off = Boolean(one.suspended_at);
  const name = line({ required: true, value: one.name });
  return [
    facts([
      ["State", off ? h("span", { class: "state warn" }, `suspended since ${time(one.suspended_at)}`) : h("span", { class: "state good" }, "at work")],
      ["Available", count(one.balance.available)], ["Reserved", count(one.balance.held)],
      ["Spent", count(one.balance.spent)], ["Received", count(one.balance.granted)],
      ["Id", h("code", null, one.id)], ["Since", time(one.created_at)],
    ]),
    h("p"),
    h("div", { class: "row" },
      actButton(off ? "Readmit" : "Suspend", async () => {
        const sentence = "Its requests and its keys are refused from now on. Swaps under way go on, and nothing is deleted.";
        if (!off && !await sure(`Suspend ${one.name}?`, sentence, "Suspend")) return;
        await change({ suspended: !off }, off ? `${one.name} may work again.` : `${one.name} is suspended.`);
      }, { class: off ? "primary" : "danger" }),
      h("a", { class: "button", href: to("/admin/work", { tenant: one.id }) }, "Its tasks"),
      h("a", { class: "button", href: to("/admin/audit", { tenant_id: one.id }) }, "Its audit log")),
    h("details", null, h("summary", null, "Rename"),
      form("Rename", () => change({ name: name.value.trim() }, "Renamed."), field("Name", name), { label: "Rename the tenant" })),
  ];
}

function grantForm(path, signal, done) {
  const amount = h("input", { type: "number", required: true, step: 1, min: -1e9, max: 1e9, inputmode: "numeric" });
  const reason = line({ required: true, maxlength: 200, placeholder: "Invoice 2026-117" });
  let [once, told] = [freshKey(), ""];
  const node = form("Give", async () => {
    const wanted = { amount: Number(amount.value), reason: reason.value.trim() };
    if (wanted.amount < 0 && !await sure("Take credits back?", `${count(-wanted.amount)} credits are taken from what is available.`, "Take back")) return;
    // The same key while the same is tried again, so that no grant is made twice.
    if (told && told !== JSON.stringify(wanted)) once = freshKey();
    told = JSON.stringify(wanted);
    const made = await post(`${path}/credits`, wanted, { signal, idempotencyKey: once });
    [once, told] = [freshKey(), ""];
    toast(`Done. ${count(made.balance.available)} are available now.`);
    node.reset();
    await done();
  }, h("div", { class: "grid" },
    field("Amount", amount, "Below 0 takes credits back, as far as they are not spent or reserved."),
    field("Reason", reason, "For the books; the tenant reads it in its ledger.")), { label: "Give credits" });
  return node;
}
