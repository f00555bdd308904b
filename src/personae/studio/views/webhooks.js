// Where events go, and what was sent there.

import { h, fill } from "../lib/dom.js";
import { freshKey, get, patch, post, remove } from "../lib/api.js";
import { ago, time } from "../lib/format.js";
import { filters, form, line, part, shownOnce } from "../lib/forms.js";
import { go, to } from "../lib/router.js";
import { actButton, choice, copyButton, empty, field, listing, load, state, sure, table, tick, toast } from "../lib/ui.js";

export const title = "Webhooks";

const EVENTS = ["task.succeeded", "task.failed", "task.canceled", "task.taken_down", "asset.expired", "asset.taken_down", "face.taken_down"];
const STATES = [["", "All"], ["pending", "On their way"], ["delivered", "Delivered"], ["failed", "Given up"], ["canceled", "Dropped"]];

export async function show({ query, signal }) {
  const list = h("div", { class: "stack" });
  const made = h("div");
  const look = () => load(list, async () => {
    const { items } = await get("/webhooks/endpoints", { signal });
    return items.length ? items.map((one) => endpoint(one, { look, made, signal })) : empty("No endpoint yet. Without one nobody is told; swaps can still be polled.");
  });
  look();
  return h("div", null,
    part("Endpoints", made, list),
    part("Add an endpoint", makeForm(signal, (one) => {
      secret(made, one);
      look();
    })),
    await log(query, signal));
}

const secret = (box, one) => fill(box, shownOnce(`The secret of ${one.url}.`, one.secret, copyButton(one.secret, "Copy the secret"),
  h("p", { class: "small" }, "Your receiver checks signatures with it (Standard Webhooks).")));

function fields(url, chosen, name) {
  const address = h("input", { type: "url", required: true, maxlength: 2048, value: url, placeholder: "Of your receiver, with https", autocomplete: "off" });
  const boxes = EVENTS.map((event) => [event, tick(event, { checked: chosen.includes(event) })]);
  const parts = [
    field("Address", address, "It must be reachable from the internet, unless the operator allows private addresses."),
    h("fieldset", null, h("legend", null, "Events"), h("p", { class: "hint" }, "None ticked means all of them."),
      h("div", { class: "ticks" }, boxes.map(([, box]) => box.node))),
  ];
  return { parts, read: () => ({ url: address.value.trim(), events: boxes.filter(([, box]) => box.input.checked).map(([event]) => event) }), name };
}

function makeForm(signal, onmade) {
  const { parts, read } = fields("", []);
  let [once, told] = [freshKey(), ""];
  const node = form("Add it", async () => {
    const wanted = read();
    if (told && told !== JSON.stringify(wanted)) once = freshKey();
    told = JSON.stringify(wanted);
    onmade(await post("/webhooks/endpoints", wanted, { signal, idempotencyKey: once }));
    [once, told] = [freshKey(), ""];
    node.reset();
  }, parts, { label: "Add an endpoint" });
  return node;
}

function endpoint(one, { look, made, signal }) {
  const path = `/webhooks/endpoints/${one.id}`;
  const { parts, read } = fields(one.url, one.events);
  const change = async (values, words) => {
    await patch(path, values, { signal });
    toast(words);
    look();
  };
  return h("article", { class: "item", "aria-label": `Endpoint ${one.url}` },
    h("div", { class: "row apart" }, h("strong", null, one.url),
      one.enabled ? h("span", { class: "state good" }, "enabled") : h("span", { class: "state warn" }, "disabled")),
    h("p", { class: "soft small" }, one.events.length ? one.events.join(", ") : "All events", ` · since ${time(one.created_at)}`),
    h("div", { class: "row" },
      actButton("Send a test event", async () => {
        const sent = await post(`${path}/test`, undefined, { signal });
        go(`/webhooks/deliveries/${sent.id}`);
      }, { disabled: !one.enabled, class: "tiny" }),
      actButton(one.enabled ? "Disable" : "Enable", () => change({ enabled: !one.enabled }, one.enabled ? "Disabled: no events go there." : "Enabled."), { class: "tiny" }),
      actButton("New secret", async () => {
        if (!await sure("Give it a new secret?", "For a day events are signed with both, so that your receiver can be changed in peace.", "New secret")) return;
        secret(made, await post(`${path}/secret`, undefined, { signal }));
      }, { class: "tiny" }),
      h("a", { class: "button tiny", href: to("/webhooks", { endpoint: one.id }) }, "What was sent"),
      actButton("Delete", async () => {
        if (!await sure("Delete this endpoint?", `No more events go to ${one.url}. What was sent stays in the log.`)) return;
        await remove(path, { signal });
        toast("The endpoint is deleted.");
        look();
      }, { class: "danger tiny" })),
    h("details", null, h("summary", null, "Change address or events"),
      form("Save the change", () => change(read(), "Saved."), parts, { label: `Change ${one.url}` })));
}

async function log(query, signal) {
  const status = query.get("status") ?? "";
  const { items } = await get("/webhooks/endpoints", { signal });
  const wanted = query.get("endpoint") ?? "";
  const known = items.some((one) => one.id === wanted) ? wanted : "";
  const states = choice(STATES, { value: status, name: "status" });
  const places = choice([["", "All"], ...items.map((one) => [one.id, one.url])], { value: known, name: "endpoint" });
  const page = (cursor) => get("/webhooks/deliveries", { query: { limit: 20, cursor, status, endpoint_id: known }, signal });
  return part("What was sent",
    filters([field("State", states), field("Endpoint", places)], () => go("/webhooks", { status: states.value, endpoint: places.value })),
    listing(page, {
      row: (one) => [h("a", { href: to(`/webhooks/deliveries/${one.id}`) }, one.event_type), one.url, state(one.status), one.attempts,
        one.last_error ?? (one.last_status ? `answered ${one.last_status}` : "–"), ago(one.created_at)],
      none: empty(status || known ? "Nothing fits this filter. Choose “All” to see the rest." : "Nothing was sent yet. “Send a test event” shows whether your receiver answers."),
      wrap: (rows) => table("Deliveries", ["Event", "To", "State", { head: "Attempts", number: true }, "Last answer", "When"], rows),
    }));
}
