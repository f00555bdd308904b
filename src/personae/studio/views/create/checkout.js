// What it costs, whether that is there, consent, and the submit that never charges twice.

import { freshKey, post, refreshAccount } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { wasAborted } from "../../lib/errors.js";
import { count, credits, seconds } from "../../lib/format.js";
import { go, to } from "../../lib/router.js";
import { session } from "../../lib/session.js";
import { actButton, busy, errorBox, facts, field, tick } from "../../lib/ui.js";
import { usable } from "./people.js";
import { AGREED, bodyOf, missing } from "./request.js";

const REST_MS = 350;

/** The card at the end: consent, price, submit. */
export function checkoutCard({ draft, signal, look }) {
  const price = h("div", { class: "price", role: "status" });
  const lacks = h("p", { class: "soft small", id: "lacks", role: "status" });
  const told = h("div");
  const submit = actButton("Swap", () => sendOff(draft, told, look), {
    class: "primary big", "aria-describedby": "lacks",
    onerror: (error) => fill(told, errorBox(error, { title: "The swap was not submitted" })),
  });
  let short = "";
  const open = () => {
    const none = missing(draft);
    lacks.textContent = none.length ? `Still missing: ${none.join("; ")}.` : short;
    submit.disabled = Boolean(none.length || short);
  };
  const estimate = estimates(draft, price, signal, (told) => {
    short = told && !told.affordable ? `Not enough credits: it takes ${count(told.credits)}, and you have ${count(told.available)}.` : "";
    open();
  });
  draft.on("any", () => {
    open();
    estimate();
  }, signal);
  draft.on("scene mapping options consent", () => fill(told), signal);
  return h("section", { class: "card", "aria-labelledby": "checkout-head" },
    h("h2", { id: "checkout-head" }, h("span", { class: "step", "aria-hidden": "true" }, "5"), "Price and submit"),
    consentPart(draft, signal, look), price, told, lacks, submit);
}

/**
 * Ask the price a moment after the last change; answers that were overtaken are dropped.
 * `ontold` hears each that counts, and null where there is none.
 */
function estimates(draft, box, signal, ontold) {
  let timer = null;
  let last = "";
  let asking = new AbortController();
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    asking.abort();
  });
  const ask = async (body, text) => {
    asking.abort();
    asking = new AbortController();
    try {
      const told = await post("/swaps/estimate", body, { signal: asking.signal });
      fill(box, priceOf(told, () => ask(body, text)));
      ontold(told);
    } catch (error) {
      if (wasAborted(error)) return;
      ontold(null);
      fill(box, errorBox(error, { title: "There is no price", retry: () => ask(body, text) }));
    }
  };
  return () => {
    const body = bodyOf(draft);
    const text = JSON.stringify(body);
    if (text === last) return;
    last = text;
    clearTimeout(timer);
    if (!body) {
      asking.abort();
      fill(box);
      ontold(null);
      return;
    }
    if (!box.firstChild) fill(box, busy("Asking the price …"));
    timer = setTimeout(() => ask(body, text), REST_MS);
  };
}

function priceOf(told, again) {
  return [
    h("p", { class: "sum" }, h("strong", null, credits(told.credits)), ` of ${count(told.available)} that you have`),
    told.assumed && h("p", { class: "small soft" }, "The scene has not been measured yet: the price follows its length."),
    breakdown(told),
    !told.affordable && h("div", { class: "told warn" },
      h("p", null, h("strong", null, "That is more than you have. "), "What to do: choose a shorter range or a cheaper quality, or ask the operator for credits. ",
        h("a", { href: to("/usage") }, "See where they went"), "."),
      actButton("Look again", again, { class: "tiny" })),
  ];
}

const TERMS = {
  per_image: "A picture", per_second: "Each second", seconds: "Seconds", factor: "Times", engine: "of which the engine",
  quality: "of which the quality", minimum: "At least",
};

function breakdown({ breakdown: parts, seconds: length }) {
  const rows = Object.entries(parts).map(([name, value]) => [
    TERMS[name] ?? name.replaceAll("_", " "), name === "seconds" ? seconds(length ?? value) : `${value}`,
  ]);
  return h("details", { class: "small" }, h("summary", null, "How it comes about"), facts(rows));
}

/** What somebody wants, whichever look at the scene numbered its people. */
const wish = (text) => text.replace(/"detection_id":"[^"]*"/g, "");

/** Submit under a key that is kept until an answer was seen: the same again is charged once. */
async function sendOff(draft, told, look) {
  fill(told);
  if (draft.data.whom === "each" && !usable(draft.found)) await look();
  const wanted = bodyOf(draft);
  if (!wanted) return; // The people were looked for again, and whoever was chosen is not there now.
  const text = JSON.stringify(wanted);
  // A submit whose answer was lost is repeated to the letter, or the key would stand for another.
  if (!draft.data.sent || wish(draft.data.sent.body) !== wish(text)) {
    draft.set("", (data) => { data.sent = { key: freshKey(), body: text }; });
  }
  const { key, body } = draft.data.sent;
  let task;
  try {
    task = await post("/swaps", JSON.parse(body), { idempotencyKey: key });
  } catch (error) {
    // Refused for good: nothing was begun under this key.
    if (error.status >= 400 && error.status < 500 && ![408, 429].includes(error.status)) {
      draft.set("", (data) => { data.sent = null; });
    }
    if (error.code === "consent_required") {
      draft.set("consent", (data) => { data.consentNeeded = true; });
      document.getElementById("agreed")?.focus();
    }
    throw error;
  }
  draft.clear();
  refreshAccount().catch(() => {}); // The bar's number follows with the next look.
  go(`/swaps/${task.id}`);
}

const UNTICKED = {
  terms: "Optional here: without the tick, the record of consent says that the terms of this service cover it.",
  off: "Optional here: without the tick, no consent is recorded.",
  required: "Without the tick, the swap is taken only if a standing consent of the account covers it.",
};

function consentPart(draft, signal, look) {
  const needed = h("p", { class: "told warn" }, h("strong", null, "Needed here. "), "This service takes no swap without it.");
  const { consent: mode } = session.account.service ?? {};
  const optional = h("p", { class: "soft small" }, UNTICKED[mode] ?? UNTICKED.terms);
  const agreed = tick(AGREED, { id: "agreed", checked: draft.data.consent.agreed });
  agreed.input.addEventListener("change", () => {
    draft.set("consent", (data) => { data.consent.agreed = agreed.input.checked; });
    if (agreed.input.checked && draft.found?.error?.code === "consent_required") look();
  });
  const by = h("input", { maxlength: 200, value: draft.data.consent.by, autocomplete: "name" });
  by.addEventListener("change", () => draft.set("consent", (data) => { data.consent.by = by.value; }));
  const byField = field("Who says so (optional)", by, "It is recorded with the swap.");
  draft.on("consent", () => {
    needed.hidden = !draft.data.consentNeeded || draft.data.consent.agreed;
    optional.hidden = draft.data.consentNeeded || draft.data.consent.agreed;
    byField.hidden = !draft.data.consent.agreed;
    agreed.input.checked = draft.data.consent.agreed;
    agreed.input.required = draft.data.consentNeeded;
  }, signal);
  return h("div", { class: "consent" }, needed, agreed.node, optional, byField);
}
