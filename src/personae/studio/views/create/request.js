// A draft as the service wants it, and a finished task as a draft.

import { lasts } from "./draft.js";

const STATEMENT = "The people shown, or those who may decide for them, have agreed to this swap.";
/** What somebody agrees to by the tick. */
export const AGREED = STATEMENT;

/** The consent to be recorded, or undefined where nothing was said. */
export const consentOf = (data) => (data.consent.agreed
  ? { statement: STATEMENT, ...(data.consent.by.trim() && { asserted_by: data.consent.by.trim() }) }
  : undefined);

/** What still has to be chosen, in words; an empty list if nothing. */
export function missing(draft) {
  const { data } = draft;
  const none = [];
  if (!data.scene) none.push("a scene");
  if (!data.donors.length) none.push("a donor");
  else if (data.scene && !mappingsOf(draft).length) none.push("who gets which face");
  if (data.consentNeeded && !data.consent.agreed) none.push("that the people shown have agreed");
  if ([...draft.pending].some((one) => !one.error)) none.push("the files that are on their way");
  return none;
}

/** The mappings, of donors that have a photo at least. */
export function mappingsOf({ data, found }) {
  const usable = (id) => data.donors.find((one) => one.id === id && (one.faceId || one.photos.length));
  const given = (donor) => (donor.faceId ? { face_id: donor.faceId }
    : { photos: donor.photos.map((photo) => ({ asset_id: photo.id })) });
  if (data.whom !== "each") {
    const donor = usable(data.everyone) ?? (data.donors.length === 1 ? usable(data.donors[0].id) : null);
    return donor ? [{ donor: given(donor), scene_face: { by: data.whom } }] : [];
  }
  const faces = new Set((found?.faces ?? []).map((one) => one.face_id));
  return Object.entries(data.mapping)
    .filter(([face, donor]) => faces.has(Number(face)) && usable(donor))
    .map(([face, donor]) => ({
      donor: given(usable(donor)),
      scene_face: { by: "detection", detection_id: data.detection, face_id: Number(face) },
    }));
}

const OUTPUT = ["container", "quality", "codec", "crf", "max_long_px"];
const ENGINE = ["boost_px", "likeness", "restorer", "occluders", "parser", "regions"];
const PLAIN = ["engine", "quality", "strength", "restore"];

/** The body of POST /swaps and /swaps/estimate; null as long as something is missing. */
export function bodyOf(draft) {
  const { data } = draft;
  const mappings = mappingsOf(draft);
  if (!data.scene || !mappings.length) return null;
  const { options } = data;
  const moving = lasts(data.scene);
  const unfit = data.scene.kind === "video" ? ["quality"] : ["codec", "crf"];
  const output = taken(options.output ?? {}, OUTPUT.filter((one) => !unfit.includes(one)));
  if (options.label_text?.trim()) {
    output.label = { text: options.label_text.trim(), place: options.label_place ?? "bottom-right" };
  }
  const engine = taken(options.engine_options ?? {}, ENGINE);
  return {
    media: moving ? "video" : "image",
    scene: { asset_id: data.scene.id },
    mappings,
    ...taken(options, PLAIN),
    ...(moving && taken(options, ["start_s", "end_s"])),
    ...(Object.keys(engine).length && { engine_options: engine }),
    output,
    ...(consentOf(data) && { consent: consentOf(data) }),
    ...(options.name?.trim() && { label: options.name.trim() }),
  };
}

/** The body of POST /swaps/preview, of one moment. */
export function previewBody(draft, time_s) {
  const body = bodyOf(draft);
  if (!body) return null;
  delete body.label;
  // One frame, shown on a screen: how the file will be written does not matter to it.
  body.output = body.output.label ? { label: body.output.label } : {};
  if (body.media === "video") body.time_s = time_s;
  return body;
}

const taken = (from, names) => Object.fromEntries(names
  .map((name) => [name, from[name]])
  .filter(([, value]) => value !== undefined && value !== null && value !== ""));

/** The options of a task's `request`, for the draft. */
export function optionsOf(request, label) {
  const { label: written, ...output } = request.output ?? {};
  const { boost_px, likeness, restorer, occluders, parser, regions } = request.engine_options ?? {};
  return {
    ...taken(request, [...PLAIN, "start_s", "end_s"]),
    output: taken(output, OUTPUT),
    engine_options: taken({ boost_px, likeness, restorer, occluders, parser, regions }, ENGINE),
    ...(written && { label_text: written.text, label_place: written.place }),
    ...(label && { name: label }),
  };
}
