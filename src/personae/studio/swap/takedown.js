// Taking a swap down, and deleting it.

import { h, fill } from "../lib/dom.js";
import { get, items, post, remove, sleep } from "../lib/api.js";
import { wasAborted } from "../lib/errors.js";
import { count, time } from "../lib/format.js";
import { go, to } from "../lib/router.js";
import { actButton, errorBox, facts, field, sure, tick, toast } from "../lib/ui.js";

/** The two ways in which a swap goes: with everything that it was made of, or alone. */
export function removal(task, { ongone, signal }) {
  return h("details", { class: "card" }, h("summary", null, "Delete it, or take it down"),
    h("h3", null, "Delete"),
    h("p", null, "The result goes, now and for good; the scene and the donors stay."),
    actButton("Delete this swap", async () => {
      if (!await sure("Delete this swap?", "The result, its stills and its manifest are deleted for good. Scene and donors stay.")) return;
      await remove(`/swaps/${task.id}`);
      toast("The swap was deleted.");
      go("/swaps");
    }, { class: "danger" }),
    h("hr"), h("h3", null, "Take down"), form(task, ongone, signal));
}

function form(task, ongone, signal) {
  const told = h("div", { "aria-live": "polite" });
  const reason = h("textarea", { rows: 2, maxlength: 1000, required: true });
  const all = tick("Also the other finished swaps that were made of the same files.");
  const sureOf = tick("I understand that this cannot be undone.", { required: true });
  const button = h("button", { class: "danger" }, "Take it down");
  return h("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      if (button.getAttribute("aria-busy") === "true") return;
      button.setAttribute("aria-busy", "true");
      fill(told);
      try {
        ongone(await post("/takedowns", { subject: task.id, reason: reason.value, all_of_inputs: all.input.checked }, { signal }));
      } catch (error) {
        if (!wasAborted(error)) fill(told, errorBox(error, { title: "It was not taken down" }));
      } finally {
        button.removeAttribute("aria-busy");
      }
    },
  },
  h("p", null, "For when somebody who is shown has to be taken out. At once and for good go:"),
  h("ul", null,
    h("li", null, "the result with its stills, its manifest and its copies;"),
    h("li", null, "the scene and the donors’ photos, with every file of yours that has the same bytes;"),
    h("li", null, "saved faces that one of these photos is part of;"),
    h("li", null, "previews and found people of the same files, and swaps under way that use them: these are canceled, and their credits come back.")),
  h("p", null, "Links stop working. What somebody has already downloaded cannot be reached."),
  field("Reason", reason, "Kept with the takedown."), all.node, sureOf.node, told, h("p"), button);
}

/** What a takedown did; looks until the last byte is gone. */
export function takenDown(takedown, signal) {
  const box = h("div", { class: "stack" });
  const tell = (now) => fill(box,
    h("div", { class: "told warn", role: "status" }, h("p", null, h("strong", null, "This swap was taken down. "),
      now.state === "done" ? "The last byte is gone." : "Nobody finds it any more; the last bytes go within half a minute.")),
    h("section", { class: "card", "aria-label": "Takedown" }, facts([
      ["When", time(now.created_at)], ["Reason", now.reason],
      ["Swaps and previews", count(now.tasks.length)], ["Files", count(now.assets.length)],
      ["Saved faces", count(now.faces.length)],
      now.canceled.length > 0 && ["Canceled", `${count(now.canceled.length)}; ${count(now.credits_released)} credits came back`],
      now.unstored_inputs > 0 && ["Lie elsewhere", `${count(now.unstored_inputs)} inputs came from addresses: they are not here`],
      ["Takedown", h("code", null, now.id)],
    ]),
    now.other_tasks.length > 0 && [h("h3", null, "Still there"), h("p", null, "These finished swaps were made of the same files:"),
      h("ul", null, now.other_tasks.map((one) => h("li", null, h("a", { href: to(`/swaps/${one}`) }, one))))]));
  tell(takedown);
  if (takedown.state !== "done") follow(takedown.id, tell, signal);
  return box;
}

async function follow(id, tell, signal) {
  try {
    for (;;) {
      await sleep(3000, signal);
      const now = await get(`/takedowns/${id}`, { signal });
      tell(now);
      if (now.state === "done") return;
    }
  } catch { /* What stands there stays right; a reload looks again. */ }
}

/** The takedown by which a task went, if it was one of the last hundred. */
export async function takedownOf(taskId, signal) {
  let looked = 0;
  try {
    for await (const one of items("/takedowns", { query: { limit: 50 }, signal })) {
      if (one.subject === taskId || one.tasks.includes(taskId)) return one;
      if ((looked += 1) >= 100) return null;
    }
  } catch (error) {
    if (wasAborted(error)) throw error;
  }
  return null;
}
