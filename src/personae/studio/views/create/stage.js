// The scene in large: a picture with a box around each person, or a video with its moments; the
// preview lies over it, and away while the original is looked at.

import { fill, h } from "../../lib/dom.js";
import { lasts, nameOf } from "./draft.js";
import { drop } from "./carry.js";
import { picture, standIn, urlOf } from "./media.js";
import { personName } from "./people.js";
import { previewBar } from "./preview.js";
import { timeline } from "./timeline.js";

/** @param {Object} context draft, signal, moment, preview, carrying */
export function stage(context) {
  const { draft } = context;
  const { scene } = draft.data;
  const over = h("div", { class: "preview-over" });
  const boxes = h("div", { class: "boxes" });
  const shape = scene.width && scene.height ? { "aspect-ratio": `${scene.width} / ${scene.height}` } : {};
  const view = h("div", { class: "view", style: { ...shape, "--ratio": scene.width / scene.height || 1 } });
  const words = `${scene.filename ?? "The scene"} cannot be shown by this browser. It can be used all the same: `
    + "the faces found, and the preview, are shown.";
  const moving = lasts(scene) && scene.kind === "video";
  const base = moving ? film(context, words) : picture(scene.id, "The scene", { words });
  view.append(base, over, boxes);
  showPreview(context, over);
  if (!lasts(scene)) showBoxes(context, boxes);
  const parts = [h("div", { class: "stage" }, view), previewBar(context)];
  if (lasts(scene)) parts.splice(1, 0, timeline(context));
  return parts;
}

function film({ moment, signal }, words) {
  const video = h("video", { preload: "auto", playsinline: true, muted: true, "aria-label": "The scene" });
  moment.use(video);
  video.addEventListener("error", () => {
    moment.use(null);
    video.replaceWith(standIn(words));
  });
  return video;
}

/** Load the film once it is known where from: `stage` makes it for one scene. */
export async function loadFilm(context) {
  const { draft, moment, signal } = context;
  const { scene } = draft.data;
  const video = moment.video;
  if (!video || scene?.kind !== "video") return;
  video.src = await urlOf(scene.id, signal);
}

function showPreview({ preview, moment, signal }, over) {
  const show = () => {
    const { url, time_s } = preview.shown ?? {};
    const fits = url && !preview.hidden && (time_s === null || moment.at(time_s));
    over.hidden = !fits;
    over.parentElement?.classList.toggle("previewed", Boolean(fits));
    if (!url) return fill(over);
    if (over.firstChild?.src !== url) {
      fill(over, h("img", { src: url, alt: "Preview: the scene with the new faces", draggable: "false" }));
    }
  };
  preview.addEventListener("change", show, { signal });
  moment.addEventListener("time", show, { signal });
  show();
}

function showBoxes(context, boxes) {
  const { draft, signal } = context;
  draft.on("people mapping donors", () => {
    const { data, found } = draft;
    const { scene } = data;
    const faces = data.whom === "each" && found?.faces ? found.faces : [];
    fill(boxes, faces.map((face) => {
      const [left, top, right, bottom] = face.box_xyxy;
      const donor = draft.donor(data.mapping[face.face_id]);
      const name = personName(draft, face);
      const box = h("button", {
        type: "button", class: donor ? "box given" : "box",
        style: {
          left: `${(100 * left) / scene.width}%`, top: `${(100 * top) / scene.height}%`,
          width: `${(100 * (right - left)) / scene.width}%`, height: `${(100 * (bottom - top)) / scene.height}%`,
        },
        "aria-label": donor ? `${name} becomes ${nameOf(draft, donor)}` : `${name} stays as they are`,
        onclick: () => context.carrying.pressed(face.face_id),
      }, h("span", { class: "tag" }, donor ? `${face.face_id + 1} → ${nameOf(draft, donor)}` : face.face_id + 1));
      drop(box, face.face_id);
      return box;
    }));
  }, signal);
}
