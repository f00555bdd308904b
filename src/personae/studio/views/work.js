// For operators: what waits, who works, and everybody's tasks; looked at anew every few seconds.

import { h, fill } from "../lib/dom.js";
import { get, post, sleep } from "../lib/api.js";
import { wasAborted } from "../lib/errors.js";
import { ago, count, seconds, time } from "../lib/format.js";
import { filters, line, part } from "../lib/forms.js";
import { go, to } from "../lib/router.js";
import { shorter } from "../lib/audit.js";
import { actButton, choice, empty, errorBox, field, listing, state, sure, table, toast } from "../lib/ui.js";

export const title = "Queues and workers";

const EVERY_MS = 3000;
const QUEUES = { express: "Express: previews and urgent pictures", images: "Pictures", videos: "Videos, as wholes", chunks: "Pieces of videos", webhooks: "Webhooks" };
const STATES = [["", "All"], ["queued", "Queued"], ["running", "Running"], ["failed", "Failed"], ["canceled", "Canceled"], ["succeeded", "Succeeded"]];
const KINDS = { swap_image: "Picture", swap_video: "Video", preview: "Preview", detect_image: "Search in a picture", detect_video: "Search in a video" };
const number = (head) => ({ head, number: true });

export function show({ query, signal }) {
  const [queues, workers, at] = [h("div"), h("div"), h("span", { class: "soft small" })];
  let paused = false;
  const pause = h("button", { type: "button", class: "tiny", "aria-pressed": "false", onclick: () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Go on" : "Pause";
  } }, "Pause");
  const look = async () => {
    const [load, crew] = await Promise.all([get("/admin/queues", { signal }), get("/admin/workers", { signal })]);
    keepFocus(queues, () => fill(queues, queueTable(load)));
    keepFocus(workers, () => fill(workers, workerTable(crew)));
    fill(at, `As of ${new Date().toLocaleTimeString("en")}`);
  };
  (async () => {
    for (;;) {
      try {
        if (!paused && !document.hidden) await look();
      } catch (error) {
        if (wasAborted(error)) return;
        fill(at, errorBox(error, { title: "What is shown is from before" }));
      }
      try {
        await sleep(EVERY_MS, signal);
      } catch { return; }
    }
  })();
  return h("div", null,
    h("div", { class: "row apart sieve" }, at, pause),
    part("Queues", queues), part("Workers", workers), tasksPart(query, signal));
}

/** Fill anew without closing what somebody has opened, nor taking the focus away. */
function keepFocus(box, refill) {
  const open = [...box.querySelectorAll("details")].map((one) => one.open);
  const scrolled = box.querySelector(".table")?.scrollLeft ?? 0;
  const held = box.contains(document.activeElement) ? [...box.querySelectorAll("summary, a, .table")].indexOf(document.activeElement) : -1;
  refill();
  box.querySelectorAll("details").forEach((one, place) => { one.open = open[place] ?? false; });
  const scroller = box.querySelector(".table");
  if (scroller) scroller.scrollLeft = scrolled;
  if (held >= 0) [...box.querySelectorAll("summary, a, .table")][held]?.focus({ preventScroll: true });
}

function queueTable({ queues, window_s: window }) {
  const minutes = Math.round(window / 60);
  return table("Queues", ["Queue", number("Waiting"), number("Longest wait"), number("Running"), number(`Done in ${minutes} min`), number("Failed"), "Most of it by"],
    queues.map((one) => [
      QUEUES[one.name] ?? one.name,
      one.delayed ? `${count(one.waiting)} (+${count(one.delayed)} later)` : count(one.waiting),
      one.oldest_s === null ? "–" : seconds(one.oldest_s), count(one.running), count(one.done),
      one.failed ? h("span", { class: "state bad" }, count(one.failed)) : "0",
      one.tenants.length ? h("ul", { class: "plain-list" }, one.tenants.map((share) => h("li", null,
        h("a", { href: to(`/admin/tenants/${share.tenant_id}`) }, share.tenant_name ?? shorter(share.tenant_id)), ` ${count(share.waiting)} + ${count(share.running)}`))) : "–",
    ]));
}

function workerTable({ workers }) {
  if (!workers.length) return h("p", { class: "told warn" }, "No worker is there: nothing will be done. Start one with `personae worker`, or `personae serve`.");
  return table("Workers", ["Worker", "State", "Last beat", "Host", "Since", "Engines", "In hand"], workers.map((one) => [
    h("code", null, shorter(one.id)),
    h("span", { class: `state ${one.state === "alive" ? "good" : "bad"}` }, one.state),
    one.silent_s === null ? "long ago" : `${one.silent_s.toFixed(1)} s ago`,
    one.host ? `${one.host} (${one.pid})` : "–", one.started_at ? ago(one.started_at) : "–",
    [one.facts.engines?.join(", "), one.facts.version && `version ${one.facts.version}`, one.facts.slots && `${one.facts.slots} at once`].filter(Boolean).join(" · ") || "–",
    one.jobs_total ? h("details", null, h("summary", null, `${count(one.jobs_total)} in hand`),
      h("ul", { class: "plain-list" }, one.jobs.map((job) => h("li", null, h("code", null, job.id), ` in ${job.queue}${job.since ? `, ${ago(job.since)}` : ""}`)))) : "nothing",
  ]));
}

function tasksPart(query, signal) {
  const [status, tenant] = [query.get("status") ?? "", query.get("tenant") ?? ""];
  const states = choice(STATES, { value: status });
  const owner = line({ value: tenant, placeholder: "tenant_…", pattern: "tenant_[0-9a-z]{26}", title: "A tenant's id" });
  const page = (cursor) => get("/admin/tasks", { query: { status, tenant_id: tenant, limit: 20, cursor }, signal });
  return part("Tasks",
    filters([field("State", states), field("Tenant", owner), h("button", null, "Show")],
      () => owner.reportValidity() && go("/admin/work", { status: states.value, tenant: owner.value.trim() })),
    listing(page, {
      row: (one) => taskRow(one, signal),
      none: empty("No task fits. Choose “All” and clear the tenant to see every one."),
      wrap: (rows) => table("Tasks", ["Task", "Tenant", "Kind", "State", "Asked for", number("Credits"), ""], rows),
    }));
}

function taskRow(one, signal) {
  const final = ["succeeded", "failed", "canceled"].includes(one.status);
  const shown = h("span", null, state(one.status), one.status === "running" && ` ${Math.round(one.progress.percent)} %`, one.error_code && one.status === "failed" && ` ${one.error_code}`);
  const cancel = !final && actButton("Cancel", async () => {
    if (!await sure("Cancel this task?", `It is ${one.tenant_name ?? "a tenant"}'s. Its credits are given back at once.`, "Cancel the task")) return;
    const now = await post(`/admin/tasks/${one.id}/cancel`, undefined, { signal });
    fill(shown, state(now.status));
    cancel.remove();
    toast("The task is canceled.");
  }, { class: "danger tiny", "aria-label": `Cancel ${one.id}` });
  return [h("code", null, shorter(one.id)), h("a", { href: to(`/admin/tenants/${one.tenant_id}`) }, one.tenant_name ?? one.tenant_id),
    KINDS[one.kind] ?? one.kind, shown, time(one.created_at), count(final ? one.credits_charged : one.credits_held), cancel];
}
