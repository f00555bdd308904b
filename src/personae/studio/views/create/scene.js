// The scene: choosing it, and showing it with the people in it and the preview over it.

import { fill, h } from "../../lib/dom.js";
import { bytes, seconds } from "../../lib/format.js";
import { toast } from "../../lib/ui.js";
import { lasts } from "./draft.js";
import { sources } from "./sources.js";
import { stage } from "./stage.js";
import { send, uploadsView } from "./uploads.js";

export const SCENES = ["picture", "animation", "video"];
const ACCEPT = "image/*,video/*";

/** Take a file of this device as the scene. */
export function sceneFile(draft, file) {
  for (const one of [...draft.pending]) if (one.into === "scene") one.leave();
  send(draft, file, { into: "scene", kinds: SCENES, ondone: (asset) => draft.useScene(asset) });
}

/**
 * The card of the scene.
 * @param {Object} context draft, signal, moment, preview: see create.js
 */
export function sceneCard(context) {
  const { draft, signal } = context;
  const body = h("div");
  const choose = () => sources({
    label: "Choose a scene",
    words: "Drop a picture or a video here: the one that somebody's face is to be put into.",
    accept: ACCEPT, kinds: SCENES, camera: "scene.jpg",
    onfiles: (files) => {
      if (files.length > 1) toast("A swap has one scene: the first of the files was taken.");
      sceneFile(draft, files[0]);
    },
    onassets: ([asset]) => draft.useScene(asset),
  });
  let shown = new AbortController();
  draft.on("scene", () => {
    shown.abort(); // What was shown of the last scene need hear of nothing any more.
    shown = new AbortController();
    const mine = AbortSignal.any([signal, shown.signal]);
    context.moment.use(null);
    fill(body, draft.data.scene ? null : choose(), uploadsView(draft, "scene", mine),
      draft.data.scene && stage({ ...context, signal: mine }));
  }, signal);
  const tools = h("div", { class: "row" });
  draft.on("scene", () => fill(tools, draft.data.scene && toolsOf(draft)), signal);
  return h("section", { class: "card scene", "aria-labelledby": "scene-head" },
    h("div", { class: "row apart card-head" },
      h("h2", { id: "scene-head" }, h("span", { class: "step", "aria-hidden": "true" }, "1"), "Scene"), tools),
    body);
}

function toolsOf(draft) {
  const input = h("input", { type: "file", accept: ACCEPT, class: "hidden-text", "aria-label": "Choose another scene" });
  input.addEventListener("change", () => sceneFile(draft, input.files[0]));
  return [
    h("span", { class: "soft small" }, describe(draft.data.scene)),
    h("label", { class: "button tiny" }, "Change", input),
    h("button", { type: "button", class: "tiny", "aria-label": "Remove the scene", onclick: () => draft.useScene(null) }, "Remove"),
  ];
}

/** A stored file in words. */
export const describe = (asset) => [
  asset.filename, asset.width && `${asset.width} × ${asset.height}`,
  lasts(asset) && asset.duration_s && seconds(asset.duration_s),
  asset.size_bytes && bytes(asset.size_bytes),
].filter(Boolean).join(" · ");
