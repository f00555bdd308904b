// One event on its way: what it carries, every try, and sending it again.

import { h } from "../lib/dom.js";
import { get, post, sleep } from "../lib/api.js";
import { time } from "../lib/format.js";
import { part } from "../lib/forms.js";
import { go, to } from "../lib/router.js";
import { actButton, copyButton, empty, facts, load, state, table, toast } from "../lib/ui.js";

export const title = "Delivery";

const EVERY_MS = 2000;

export function show({ params, signal }) {
  const path = `/webhooks/deliveries/${params.id}`;
  const box = h("div");
  load(box, async () => {
    const one = await get(path, { signal });
    if (one.status === "pending") follow(box, path, signal, one);
    return shown(one, path, signal);
  });
  return h("div", null, h("p", null, h("a", { href: to("/webhooks") }, "All webhooks")), box);
}

/** Look again until it has arrived or is given up. */
async function follow(box, path, signal, before) {
  try {
    for (let known = before; known.status === "pending";) {
      await sleep(EVERY_MS, signal);
      if (document.hidden) continue;
      const now = await get(path, { signal });
      if (now.attempts !== known.attempts || now.status !== known.status) box.replaceChildren(shown(now, path, signal));
      known = now;
    }
  } catch { /* Left, or out of reach for now: what is shown is from before. */ }
}

function shown(one, path, signal) {
  const body = JSON.stringify(one.body, null, 2);
  return h("div", null,
    h("div", { class: "card" },
      h("p", { class: "row", role: "status" }, h("strong", null, one.event_type), state(one.status)),
      facts([
        ["To", one.url], ["Event", h("code", null, one.event_id)], ["Made", time(one.created_at)],
        one.delivered_at && ["Arrived", time(one.delivered_at)],
        one.status === "pending" && ["Next attempt", time(one.next_attempt_at)],
        one.task_id && ["Swap", h("a", { href: to(`/swaps/${one.task_id}`) }, one.task_id)],
      ]),
      one.status === "failed" && h("p", { class: "told warn" }, "It was given up. Mend the receiver, then send it again."),
      h("p"), one.endpoint_id && actButton("Send it again", async () => {
        const sent = await post(`${path}/redeliver`, undefined, { signal });
        toast("Sent again, with the same event id.");
        go(`/webhooks/deliveries/${sent.id}`);
      }, { class: "primary" })),
    part("Attempts", one.tries.length
      ? table("Attempts", ["Number", "When", "Answer", { head: "Took", number: true }], one.tries.map((each) => [
        each.number, time(each.at), each.error ?? `answered ${each.status}`, `${each.took_s.toFixed(2)} s`]))
      : empty("None yet.")),
    part("Body", h("pre", { tabindex: "0", "aria-label": "Body of the event" }, body), h("p"), copyButton(body, "Copy the body")));
}
