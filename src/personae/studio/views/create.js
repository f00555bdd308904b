// "New swap": a scene, donors, who becomes whom, a look at it, its price, and off it goes.

import { fill, h } from "../lib/dom.js";
import { Carrying } from "./create/carry.js";
import { checkoutCard } from "./create/checkout.js";
import { donorFiles, donorsCard } from "./create/donors.js";
import { draftOfAccount } from "./create/draft.js";
import { Moment } from "./create/moment.js";
import { optionsCard } from "./create/options.js";
import { findPeople, peopleCard, usable } from "./create/people.js";
import { Preview } from "./create/preview.js";
import { putAside, restored } from "./create/restore.js";
import { sceneCard, sceneFile } from "./create/scene.js";
import { loadFilm } from "./create/stage.js";

export const title = "New swap";

/** @param {{query: URLSearchParams, signal: AbortSignal}} place `?from=task_…` begins as that did */
export async function show({ query, signal }) {
  const draft = draftOfAccount();
  const notes = h("div", null, await restored(draft, query.get("from"), signal));
  const moment = new Moment(draft.data.scene, signal);
  const context = { draft, signal, moment, carrying: new Carrying(draft, signal), preview: new Preview(draft, moment, signal) };
  context.look = looking(draft, signal);
  // Before the cards hear of a new scene: they show its moments.
  draft.addEventListener("scene", () => moment.aim(draft.data.scene), { signal });
  const left = sceneCard(context);
  const right = h("div", { class: "create-side" },
    donorsCard(context), peopleCard(context), optionsCard(context), checkoutCard(context));
  draft.addEventListener("scene", () => {
    loadFilm(context);
    context.look();
  }, { signal });
  loadFilm(context);
  context.look();
  takePasted(draft, signal);
  warnOfLeaving(draft, signal);
  return h("div", null, head(draft, notes), notes, h("div", { class: "create" }, left, right));
}

/** Looks for the people of whatever the scene is: one look at a time, again before it is stale. */
function looking(draft, signal) {
  let last = new AbortController();
  let timer = null;
  const look = async () => {
    last.abort();
    clearTimeout(timer);
    if (usable(draft.found)) return later();
    last = new AbortController();
    signal.addEventListener("abort", () => last.abort(), { once: true, signal: last.signal });
    await findPeople(draft, last.signal);
    if (draft.found?.until && !signal.aborted) later();
  };
  const later = () => { timer = setTimeout(look, Math.max(60_000, draft.found.until - Date.now() - 80_000)); };
  signal.addEventListener("abort", () => clearTimeout(timer));
  return look;
}

function head(draft, notes) {
  return h("div", { class: "row apart create-head" },
    h("p", { class: "soft" }, "Put a donor's face on a person of a picture or a video. What you choose is kept in this browser until it is submitted."),
    h("button", {
      type: "button", class: "tiny", onclick: () => {
        if (!draft.isEmpty) fill(notes, putAside(draft, draft.clear()));
        else draft.clear();
      },
    }, "Start anew"));
}

/** A pasted picture is the scene, or if there is one, a donor. */
function takePasted(draft, signal) {
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    if (draft.data.scene) donorFiles(draft, files);
    else {
      sceneFile(draft, files[0]);
      donorFiles(draft, files.slice(1));
    }
  }, { signal });
}

function warnOfLeaving(draft, signal) {
  addEventListener("beforeunload", (event) => {
    if ([...draft.pending].some((one) => !one.error)) event.preventDefault();
  }, { signal });
}
