// How far a swap is, while it is under way.

import { h, fill } from "../lib/dom.js";
import { post } from "../lib/api.js";
import { count, credits, seconds } from "../lib/format.js";
import { actButton, dialog, facts, toast } from "../lib/ui.js";
import { nameOf, phaseOf } from "./words.js";

const STOP = "Cancel the swap";
// Before that the first frames, which are slow, are all that an estimate goes by.
const TELLING_SHARE = 0.05;
const TELLING_S = 3;

/**
 * The card of a running swap; `tell(task)` shows what is new, `quiet()` that nothing is heard;
 * `end()` takes back a question that is still open.
 * @param {{oncanceled: (task: Object) => void}} options
 * @returns {{node: Element, tell: (task: Object) => void, quiet: () => void, end: () => void}}
 */
export function progressCard({ oncanceled }) {
  const phase = h("h2");
  const bar = h("progress", { max: 100, "aria-label": "Progress" });
  const share = h("strong");
  const numbers = h("div");
  const lost = h("p", { class: "told warn", hidden: true }, "The connection is gone; trying again. The swap goes on without it.");
  // Read out now and then; the numbers themselves change too often for that.
  const said = h("p", { class: "hidden-text", role: "status" });
  let heard = "";
  let current = null;
  let asking = null;
  const tell = (task) => {
    current = task;
    lost.hidden = true;
    const { percent } = task.progress;
    fill(phase, phaseOf(task));
    fill(share, `${Math.floor(percent)} %`);
    bar.value = percent;
    fill(numbers, told(task));
    document.title = `${Math.floor(percent)} % · ${nameOf(task)} · Personae`;
    const now = `${phaseOf(task)}, ${Math.floor(percent / 25) * 25} %`;
    if (now !== heard) fill(said, heard = now);
  };
  const node = h("section", { class: "card", "aria-label": "Progress" },
    phase, h("div", { class: "progress" }, bar, share), lost, numbers, said,
    h("div", { class: "row actions" },
      actButton(STOP, async () => {
        const words = `Work on it stops. The ${credits(current.credits.held)} held for it come back at once.`;
        asking = new AbortController();
        const answer = await dialog("Cancel this swap?", h("p", null, words), [["Go on with it"], [STOP, "danger"]], asking);
        asking = null;
        if (answer !== STOP) return;
        oncanceled(await post(`/swaps/${current.id}/cancel`));
      }, { class: "danger" }),
      h("span", { class: "soft small" }, "You can leave this page: the swap goes on.")));
  const quiet = () => {
    lost.hidden = false;
    fill(said, heard = lost.textContent);
  };
  const end = () => {
    if (!asking) return;
    asking.abort();
    toast("The swap had ended already.");
  };
  return { node, tell, quiet, end };
}

function told(task) {
  const { frames_done: done, frames_total: total, fps, remaining_s: left } = task.progress;
  return facts([
    total && total > 1 && ["Frames", `${count(done ?? 0)} of ${count(total)}`],
    fps && ["Speed", `${fps.toFixed(1)} frames a second`],
    left !== null && left !== undefined && task.status === "running" && isTelling(task.progress) && ["Time left", `about ${seconds(Math.ceil(left)).replace(".0", "")}`],
    ["Credits", `${credits(task.credits.held)} held; charged only if it succeeds`],
  ]);
}

/** Whether enough is done for an estimate to mean something. */
function isTelling({ frames_done: done, frames_total: total, fps, percent }) {
  if (!total) return percent >= TELLING_SHARE * 100;
  return done >= total * TELLING_SHARE || Boolean(fps && done / fps >= TELLING_S);
}
