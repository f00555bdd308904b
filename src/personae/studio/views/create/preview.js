// One frame of the swap, for free: made by itself after every change, and laid over the original.

import { get, post, sleep } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { ApiError, wasAborted } from "../../lib/errors.js";
import { seconds } from "../../lib/format.js";
import { actButton, busy, errorBox, tick } from "../../lib/ui.js";
import { lasts } from "./draft.js";
import { previewBody } from "./request.js";

const REST_MS = 700;
const ALONE = "personae.preview-by-itself";

/** The preview of one draft in one view; tells of every "change". */
export class Preview extends EventTarget {
  constructor(draft, moment, signal) {
    super();
    Object.assign(this, { draft, moment, signal, shown: null, error: null, busy: false, hidden: false });
    this.byItself = localStorage.getItem(ALONE) !== "no";
    this.asked = "";
    const soon = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.byItself && !this.moment.playing && this.make(), REST_MS);
    };
    for (const part of ["mapping", "options", "people", "donors", "consent"]) draft.addEventListener(part, soon, { signal });
    draft.addEventListener("scene", () => {
      Object.assign(this, { shown: null, error: null, asked: "" });
      this.tell();
    }, { signal });
    moment.addEventListener("time", () => { if (lasts(draft.data.scene)) soon(); }, { signal });
    signal.addEventListener("abort", () => clearTimeout(this.timer));
    soon();
  }

  tell() {
    this.dispatchEvent(new Event("change"));
  }

  keepByItself(yes) {
    this.byItself = yes;
    localStorage.setItem(ALONE, yes ? "yes" : "no");
    if (yes) this.make();
  }

  /** Make it, unless what is shown is of this very request; once more if that changed meanwhile. */
  async make({ again = false } = {}) {
    const body = previewBody(this.draft, this.moment.time_s);
    if (!body || this.busy) {
      if (!body && this.shown) {
        Object.assign(this, { shown: null, error: null, asked: "" });
        this.tell();
      }
      return;
    }
    const asked = JSON.stringify(body);
    if (asked === this.asked && !again) return;
    Object.assign(this, { busy: true, asked, error: null });
    this.tell();
    try {
      const told = await this.ended(await post("/swaps/preview", body, { signal: this.signal }));
      this.shown = { ...told, time_s: body.time_s ?? null };
    } catch (error) {
      if (wasAborted(error)) return;
      if (error.code === "consent_required") this.draft.set("consent", (data) => { data.consentNeeded = true; });
      Object.assign(this, { error, shown: null });
    }
    this.busy = false;
    this.tell();
    const now = previewBody(this.draft, this.moment.time_s);
    if (this.byItself && !this.moment.playing && JSON.stringify(now) !== asked) this.make();
  }

  /** A preview that took too long is answered as a task: wait for its end. */
  async ended(told) {
    let task = told;
    while (task.status && !task.url) {
      if (task.status === "succeeded") {
        const [output] = task.result.outputs;
        return { url: output.url, faces_swapped: task.result.faces_swapped, warnings: task.result.warnings, engine: task.result.engine };
      }
      if (task.status === "failed" || task.status === "canceled") {
        throw new ApiError({ code: task.error?.code ?? "canceled", detail: task.error?.message ?? "The preview was stopped." });
      }
      await sleep(300, this.signal);
      task = await get(`/swaps/${task.id}`, { query: { wait: 10 }, signal: this.signal });
    }
    return task;
  }
}

/** What is said of the preview, and its buttons. */
export function previewBar({ draft, preview, moment, signal }) {
  const told = h("div", { "aria-live": "polite" });
  const make = actButton("Preview", () => preview.make({ again: true }), { class: "primary" });
  const compare = compareButton(preview);
  const alone = tick("Preview by itself", { checked: preview.byItself });
  alone.input.addEventListener("change", () => preview.keepByItself(alone.input.checked));
  const moving = lasts(draft.data.scene);
  const show = () => {
    const can = previewBody(draft, 0) !== null;
    make.disabled = !can || preview.busy;
    compare.hidden = !preview.shown;
    if (preview.busy) fill(told, busy("Making the preview …"));
    else if (preview.error) fill(told, errorBox(preview.error, { title: "There is no preview", retry: () => preview.make({ again: true }) }));
    else if (preview.shown) fill(told, words(preview, moment));
    else fill(told, h("p", { class: "soft small" }, can ? "Not previewed yet." : "A preview, free of charge, comes once a donor is put on a person."));
  };
  preview.addEventListener("change", show, { signal });
  draft.on("mapping donors people", show, signal);
  make.textContent = moving ? "Preview this moment" : "Preview";
  return h("div", { class: "preview-bar" }, h("div", { class: "row" }, make, compare, alone.node), told);
}

function words({ shown }, moment) {
  const when = shown.time_s === null ? "" : ` of ${seconds(shown.time_s)}`;
  const many = shown.faces_swapped;
  return [
    h("p", { class: "small" }, `Preview${when}: `, many === null || many === undefined ? "done"
      : many === 1 ? "one face swapped" : `${many} faces swapped`, shown.engine && ` with ${shown.engine}`, ". ",
    shown.time_s !== null && !moment.at(shown.time_s) && h("button", {
      type: "button", class: "tiny", onclick: () => moment.seek(shown.time_s),
    }, "Show it")),
    many === 0 && h("p", { class: "told warn" }, "Nobody chosen is to be seen at this moment. Go to another one."),
    shown.warnings?.length > 0 && h("ul", { class: "small" }, shown.warnings.map((one) => h("li", null, one.replace(/ \(asset_\w+\)/g, "")))),
  ];
}

/** Shows the original for as long as it is pressed; by keyboard or screen reader, until pressed again. */
function compareButton(preview) {
  const button = h("button", { type: "button", "aria-pressed": "false" }, "Compare with the original");
  const hide = (yes) => {
    preview.hidden = yes;
    button.setAttribute("aria-pressed", String(yes));
    preview.tell();
  };
  let byPointer = false;
  button.addEventListener("pointerdown", () => {
    byPointer = true;
    hide(true);
  });
  for (const event of ["pointerup", "pointerleave", "pointercancel"]) {
    button.addEventListener(event, () => byPointer && preview.hidden && hide(false));
  }
  button.addEventListener("click", () => {
    if (!byPointer) hide(!preview.hidden);
    byPointer = false;
  });
  return button;
}
