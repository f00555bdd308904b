// One swap: how far it is, what came of it, and what can be done with it.

import { h, fill } from "../lib/dom.js";
import { get, refreshAccount, watch } from "../lib/api.js";
import { wasAborted } from "../lib/errors.js";
import { ago, time } from "../lib/format.js";
import { to } from "../lib/router.js";
import { errorBox, state } from "../lib/ui.js";
import { failureBox } from "../swap/failure.js";
import { progressCard } from "../swap/progress.js";
import { provenanceCard } from "../swap/provenance.js";
import { resultCard } from "../swap/result.js";
import { styled } from "../swap/styled.js";
import { removal, takedownOf, takenDown } from "../swap/takedown.js";
import { hasEnded, kindOf, nameOf } from "../swap/words.js";

/** What this page is called: the swap's own name, once it is known. */
export let title = "Swap";

export async function show({ params, signal }) {
  title = "Swap";
  const box = h("div", { class: "stack" });
  const [task] = await Promise.all([find(params.id, signal), styled()]);
  if (task.takedown) {
    title = "Taken down";
    return fill(box, takenDown(task.takedown, signal));
  }
  title = nameOf(task);
  render(box, task, signal);
  return box;
}

async function find(id, signal) {
  try {
    return await get(`/swaps/${encodeURIComponent(id)}`, { signal });
  } catch (error) {
    const takedown = error.status === 404 ? await takedownOf(id, signal) : null;
    if (takedown) return { takedown };
    throw error;
  }
}

function render(box, task, signal) {
  const ongone = (takedown) => {
    fill(box, takenDown(takedown, signal));
    refreshAccount().catch(() => {});
    scrollTo(0, 0);
  };
  const parts = { succeeded: () => resultCard(task, signal), failed: () => failureBox(task), canceled: () => failureBox(task) };
  const main = parts[task.status]?.();
  fill(box, head(task),
    main ?? underWay(box, task, signal),
    task.status === "succeeded" && h("p", { class: "row" },
      h("a", { class: "button", href: to("/", { from: task.id }) }, "Swap again with changes")),
    provenanceCard(task, signal),
    hasEnded(task) && removal(task, { ongone, signal }));
}

const head = (task) => h("p", { class: "row small" }, state(task.status), kindOf(task),
  h("span", { class: "soft", title: time(task.created_at) }, `asked ${ago(task.created_at)}`),
  h("a", { href: to("/swaps") }, "All swaps"));

function underWay(box, task, signal) {
  let ended = false;
  const end = (last) => {
    if (ended) return;
    ended = true;
    card.end();
    document.title = `${nameOf(last)} · Personae`;
    render(box, last, signal);
    // Whoever waited is told; the focus stays where it is unless it went with the old card.
    if (document.activeElement === document.body) document.querySelector("main h1")?.focus({ preventScroll: true });
    refreshAccount().catch(() => {});
  };
  const card = progressCard({ oncanceled: end });
  const tell = (now) => {
    box.firstElementChild.replaceWith(head(now));
    card.tell(now);
  };
  // After the page has taken its name, which is when it is shown.
  setTimeout(() => !signal.aborted && !ended && card.tell(task));
  watch(task.id, (now) => !ended && (hasEnded(now) ? end(now) : tell(now)), signal, card.quiet)
    .catch((error) => {
      if (!wasAborted(error) && !ended) card.node.before(errorBox(error, { title: "It cannot be followed" }));
    });
  return card.node;
}
