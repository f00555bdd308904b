// A swap that came to nothing: why, whose fault, and what to do next.

import { h } from "../lib/dom.js";
import { freshKey, post, refreshAccount } from "../lib/api.js";
import { adviceFor } from "../lib/errors.js";
import { go, to } from "../lib/router.js";
import { actButton } from "../lib/ui.js";

const FAULT = {
  caller: "It lies in what was asked for or in the files, so the same again would fail again.",
  platform: "It was the service's fault, not yours.",
};
const PASSING = "It may pass by itself: the same again may succeed.";
const ROLES = { donor: "the donor", scene: "the scene", reference: "the reference photo", output: "the output" };
const REASONS = {
  nsfw: "The content gate refused it.",
  register: "Somebody in it is in the register of people who may not be used.",
  file: "A file in it may not be used here.",
};
const BACK = "Nothing was charged: the credits that were held for it are available again.";

/** What is said of a failed or canceled task, with what can be done. */
export function failureBox(task) {
  if (task.status === "canceled") {
    return h("div", { class: "told warn" },
      h("p", null, h("strong", null, "Canceled. "), BACK), nextSteps(task, true));
  }
  const error = task.error ?? { code: "internal", message: "It failed." };
  return h("div", { class: "told bad", role: "alert" },
    h("p", null, h("strong", null, "It failed. "), error.message),
    error.reason && h("p", null, REASONS[error.reason]),
    h("p", null, error.retryable ? PASSING : FAULT[error.fault] ?? "",
      error.role && ` It is about ${ROLES[error.role] ?? error.role}.`),
    h("p", null, h("strong", null, "What to do: "), adviceFor(error.code)),
    h("p", null, BACK),
    nextSteps(task, error.retryable || error.fault === "platform"),
    h("p", { class: "small soft" }, "Code ", h("code", null, error.code)));
}

function nextSteps(task, again) {
  const key = freshKey(); // Pressed twice, it is still one task.
  const retry = actButton("Try again as it was", async () => {
    const task2 = await post(`/swaps/${task.id}/retry`, undefined, { idempotencyKey: key });
    refreshAccount().catch(() => {});
    go(`/swaps/${task2.id}`);
  }, { class: again ? "primary" : "" });
  const change = h("a", { class: `button ${again ? "" : "primary"}`, href: to("/", { from: task.id }) }, "Swap again with changes");
  return h("p", { class: "row" }, again ? [retry, change] : [change, retry]);
}
