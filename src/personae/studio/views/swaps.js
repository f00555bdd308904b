// All swaps: searched, filtered, page by page; those under way are looked at again by themselves.

import { h, fill } from "../lib/dom.js";
import { get, sleep } from "../lib/api.js";
import { wasAborted } from "../lib/errors.js";
import { ago, counted, credits, time } from "../lib/format.js";
import { note, to } from "../lib/router.js";
import { choice, empty, field, listing, state } from "../lib/ui.js";
import { styled } from "../swap/styled.js";
import { hasEnded, kindOf, nameOf, phaseOf } from "../swap/words.js";

export const title = "History";

const STATES = [["", "Any state"], ["queued", "Queued"], ["running", "Running"], ["succeeded", "Succeeded"], ["failed", "Failed"], ["canceled", "Canceled"]];
const MEDIA = [["", "Anything"], ["image", "Pictures"], ["video", "Videos"]];
const NAMES = ["q", "status", "media", "engine", "from", "to"];
const AGAIN_MS = 2500;
const PAGE = 20;

export async function show({ query, signal }) {
  const [engines] = await Promise.all([engineNames(signal), styled()]);
  const list = h("div");
  const filters = filterForm(query, engines, (chosen) => {
    note(chosen);
    fill(list, results(chosen, signal));
  });
  fill(list, results(chosenOf(query), signal));
  return h("div", { class: "stack" }, filters, list);
}

async function engineNames(signal) {
  try {
    return (await get("/engines", { signal })).engines.map((one) => one.name);
  } catch (error) {
    if (wasAborted(error)) throw error;
    return [];
  }
}

const chosenOf = (query) => Object.fromEntries(NAMES.map((name) => [name, query.get(name) ?? ""]));

function filterForm(query, engines, onchange) {
  const now = chosenOf(query);
  const day = (name, label) => h("input", { type: "date", value: now[name], name, "aria-label": label });
  const inputs = {
    q: h("input", { type: "search", value: now.q, maxlength: 100, placeholder: "Words of the label or the file’s name, or a task’s id" }),
    status: choice(STATES, { value: now.status }),
    media: choice(MEDIA, { value: now.media }),
    engine: choice([["", "Any engine"], ...new Set([...engines, now.engine].filter(Boolean))], { value: now.engine }),
    from: day("from"), to: day("to"),
  };
  const tell = () => onchange(Object.fromEntries(NAMES.map((name) => [name, inputs[name].value.trim()])));
  let timer = 0;
  inputs.q.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(tell, 300);
  });
  for (const name of NAMES.slice(1)) inputs[name].addEventListener("change", tell);
  const clear = h("button", { type: "button", onclick: () => {
    for (const name of NAMES) inputs[name].value = "";
    tell();
  } }, "Clear");
  return h("form", { class: "card filters", role: "search", "aria-label": "History", onsubmit: (event) => {
    event.preventDefault();
    clearTimeout(timer);
    tell();
  } },
  h("div", { class: "grow" }, field("Search", inputs.q)), field("State", inputs.status), field("Scene", inputs.media),
  engines.length > 1 || now.engine ? field("Engine", inputs.engine) : null,
  field("From", inputs.from), field("To", inputs.to), clear);
}

/** Local days as moments: from the first instant of one to the last of the other. */
function asked({ q, status, media, engine, from, to: until }) {
  const start = (day, more) => {
    const [year, month, date] = day.split("-").map(Number);
    return new Date(year, month - 1, date + more).toISOString();
  };
  return { q, status, media, engine, since: from && start(from, 0), until: until && start(until, 1), limit: PAGE };
}

let current = 0;

function results(chosen, signal) {
  const mine = (current += 1); // Another choice makes this one's answers old.
  const rows = new Map();
  const query = asked(chosen);
  const said = h("p", { class: "hidden-text", role: "status" });
  const list = listing(async (cursor) => {
    const page = await get("/swaps", { query: { ...query, cursor }, signal });
    fill(said, page.items.length ? `${counted(rows.size + page.items.length, "swap")} shown` : "No swaps");
    return page;
  }, {
    row: (task) => {
      const row = h("li", { class: "card" });
      rows.set(task.id, { row, task });
      return draw(row, task);
    },
    wrap: (nodes) => h("ul", { class: "history", "aria-label": "Swaps" }, nodes),
    none: Object.values(chosen).some(Boolean)
      ? empty(h("p", null, "No swap is like that. Look for other words, or clear the filters."))
      : empty(h("p", null, "Nothing has been swapped yet."), h("a", { class: "button primary", href: to("/") }, "Make a swap")),
  });
  keepLooking(rows, () => mine === current && !signal.aborted, signal);
  return h("div", null, said, list);
}

/** Look again at what is under way, one at a time: an open page costs little. */
async function keepLooking(rows, wanted, signal) {
  try {
    while (wanted()) {
      await sleep(AGAIN_MS, signal);
      for (const one of [...rows.values()].filter(({ task }) => !hasEnded(task)).slice(0, PAGE)) {
        if (!wanted() || document.hidden) break;
        const now = await get(`/swaps/${one.task.id}`, { signal }).catch((error) => {
          if (wasAborted(error)) throw error;
          return null; // The service is away for a moment.
        });
        if (now && JSON.stringify([now.status, now.progress]) !== JSON.stringify([one.task.status, one.task.progress])) {
          one.task = now;
          update(one.row, now);
        }
      }
    }
  } catch { /* Somebody left. */ }
}

function draw(row, task) {
  return fill(row,
    h("span", { class: "look" }, thumbnail(task)),
    h("div", null, h("a", { href: to(`/swaps/${task.id}`) }, nameOf(task)),
      h("div", { class: "small soft" }, [kindOf(task), task.result?.engine ?? task.request.engine].filter(Boolean).join(" · "), " · ",
        h("span", { title: time(task.created_at) }, ago(task.created_at))),
      task.error && h("div", { class: "small" }, task.error.message)),
    h("div", { class: "end" }, standing(task)));
}

/** Only what changes is drawn anew, so that a focus on the link stays. */
function update(row, task) {
  if (!hasEnded(task)) return fill(row.querySelector(".end"), standing(task));
  const focused = row.contains(document.activeElement);
  draw(row, task);
  if (focused) row.querySelector("a").focus();
  return row;
}

function standing(task) {
  if (hasEnded(task)) return [state(task.status), h("div", { class: "small soft" }, credits(task.credits.charged))];
  return [state(task.status), h("div", { class: "small soft" },
    task.status === "running" ? `${phaseOf(task)}, ${Math.floor(task.progress.percent)} %` : phaseOf(task))];
}

/** A still if there is one; else the file itself, fetched when it comes into view. */
function thumbnail(task) {
  const [output] = task.result?.outputs ?? [];
  const still = task.result?.thumbnail ?? task.result?.cover;
  if (still) return h("img", { src: still.url, alt: "", loading: "lazy" });
  if (!output) return null;
  if (output.content_type.startsWith("image/")) return h("img", { src: output.url, alt: "", loading: "lazy" });
  const video = h("video", { preload: "none", muted: true, playsinline: true, tabindex: "-1", "aria-hidden": "true" });
  new IntersectionObserver(([seen], watcher) => {
    if (!seen.isIntersecting) return;
    watcher.disconnect();
    video.preload = "metadata";
    video.src = output.url;
  }).observe(video);
  return video;
}
