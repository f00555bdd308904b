// How far a swap is, while it is under way.

import { h, fill } from "../lib/dom.js";
import { post } from "../lib/api.js";
import { count, credits, seconds } from "../lib/format.js";
import { actButton, dialog, facts } from "../lib/ui.js";
import { nameOf, phaseOf } from "./words.js";

const STOP = "Cancel the swap";

/**
 * The card of a running swap; `tell(task)` shows what is new, `quiet()` that nothing is heard.
 * @param {{oncanceled: (task: Object) => void}} options
 * @returns {{node: Element, tell: (task: Object) => void, quiet: () => void}}
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
        if (await dialog("Cancel this swap?", h("p", null, words), [["Go on with it"], [STOP, "danger"]]) !== STOP) return;
        oncanceled(await post(`/swaps/${current.id}/cancel`));
      }, { class: "danger" }),
      h("span", { class: "soft small" }, "You can leave this page: the swap goes on.")));
  const quiet = () => {
    lost.hidden = false;
    fill(said, heard = lost.textContent);
  };
  return { node, tell, quiet };
}

function told(task) {
  const { frames_done: done, frames_total: total, fps, remaining_s: left } = task.progress;
  return facts([
    total && total > 1 && ["Frames", `${count(done ?? 0)} of ${count(total)}`],
    fps && ["Speed", `${fps.toFixed(1)} frames a second`],
    left !== null && left !== undefined && task.status === "running" && ["Time left", `about ${seconds(Math.ceil(left)).replace(".0", "")}`],
    ["Credits", `${credits(task.credits.held)} held; charged only if it succeeds`],
  ]);
}
