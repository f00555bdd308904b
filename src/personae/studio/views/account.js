// One's own account: how long things are kept, consent, people who are never swapped, what happened.

import { h, fill } from "../lib/dom.js";
import { get, patch, put, refreshAccount, remove } from "../lib/api.js";
import { time } from "../lib/format.js";
import { auditPanel } from "../lib/audit.js";
import { form, line, part } from "../lib/forms.js";
import { ownRegister } from "../lib/register.js";
import { session } from "../lib/session.js";
import { retentionForm } from "../lib/retention.js";
import { actButton, facts, field, load, sure, toast } from "../lib/ui.js";

export const title = "Account";

export async function show({ query, signal }) {
  const account = await refreshAccount();
  const kept = h("div");
  const said = h("div");
  const keep = () => load(kept, async () => {
    const told = await get("/account/retention", { signal });
    const save = async (times) => {
      await patch("/account/retention", times, { signal });
      toast("Saved. It holds for what is there within a minute.");
      keep();
    };
    return retentionForm(told.in_force, told.longest, save, { readonly: !session.can("account:write") });
  });
  keep();
  const consent = () => load(said, async () => consentBox(await standing(signal), signal, consent));
  consent();
  return h("div", null,
    h("div", { class: "card" }, facts([["Name", account.name], ["Id", h("code", null, account.id)], ["Since", time(account.created_at)]])),
    part("How long things are kept", h("p", { class: "soft" }, "After that they are deleted, with everything made of them. You can choose less than the operator allows, not more."), kept),
    part("Consent of the people shown", said),
    session.can("register:read") && ownRegister(query, signal),
    auditPanel({ path: "/audit", place: "/account", query, signal }));
}

async function standing(signal) {
  try {
    return await get("/account/consent", { signal });
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

function consentBox(now, signal, again) {
  const statement = h("textarea", { required: true, maxlength: 1000, rows: 3, placeholder: "Everybody we show has signed release form v3." });
  const by = line({ required: true, maxlength: 200, placeholder: "Legal department of Example Studio" });
  const proof = line({ maxlength: 500 });
  const until = h("input", { type: "date" });
  const add = form(now ? "Replace it" : "Assert it", async () => {
    await put("/account/consent", {
      statement: statement.value.trim(), asserted_by: by.value.trim(),
      ...(proof.value.trim() && { evidence: proof.value.trim() }),
      ...(until.value && { until: `${until.value}T23:59:59Z` }),
    }, { signal });
    toast("Recorded.");
    again();
  }, [
    field("What you assert", statement),
    field("Who asserts it", by),
    field("Where the proof is (optional)", proof),
    field("Ends by itself on (optional)", until),
  ], { label: "Standing consent" });
  if (!session.can("account:write")) return now ? told(now) : h("p", null, "Nothing is asserted for the whole account.");
  if (!now) return [h("p", null, "Nothing is asserted for the whole account, so each request says it for itself, where that is required."), h("details", null, h("summary", null, "Assert it once for all requests"), add)];
  return [told(now), h("div", { class: "row" }, actButton("Withdraw it", async () => {
    if (!await sure("Withdraw it?", "Requests from now on have to say it for themselves, where that is required. What was recorded with earlier swaps stays.", "Withdraw it")) return;
    await remove("/account/consent", { signal });
    toast("Withdrawn.");
    again();
  }, { class: "danger" })), h("details", null, h("summary", null, "Replace it"), add)];
}

const told = (now) => h("div", null,
  h("blockquote", null, now.statement),
  facts([["By", now.asserted_by], ["Said", time(now.asserted_at)], ["Ends", now.until ? time(now.until) : "never"], now.evidence && ["Proof", now.evidence],
    ["Holds", now.holds ? "yes" : "no, it has ended"]]), h("p"));
