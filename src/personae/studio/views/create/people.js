// Who was found in the scene, and who becomes whom.

import { get, post, sleep } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { ApiError, wasAborted } from "../../lib/errors.js";
import { seconds } from "../../lib/format.js";
import { busy, choice, errorBox, field } from "../../lib/ui.js";
import { lasts, nameOf } from "./draft.js";
import { drop } from "./carry.js";
import { picture } from "./media.js";
import { consentOf } from "./request.js";

const SOON_MS = 90_000;
const ENDED = ["succeeded", "failed", "canceled"];

/** "Person 2, right": what a person is called everywhere. */
export function personName({ data, found }, face) {
  const words = lasts(data.scene) ? "" : placeOf(found.faces, face);
  return `Person ${face.face_id + 1}${words && `, ${words}`}`;
}

function placeOf(faces, face) {
  if (faces.length < 2) return "";
  const middle = (one) => one.box_xyxy[0] + one.box_xyxy[2];
  const rank = [...faces].sort((a, b) => middle(a) - middle(b)).indexOf(face);
  const words = { 2: ["left", "right"], 3: ["left", "middle", "right"] }[faces.length];
  return words?.[rank] ?? `number ${rank + 1} from the left`;
}

/** Look for the people of the scene, or take up a look that has begun; kept in `draft.found`. */
export async function findPeople(draft, signal) {
  const { scene } = draft.data;
  if (!scene) return;
  const tell = (found) => {
    if (signal.aborted || draft.data.scene?.id !== scene.id) return;
    draft.found = found;
    draft.set("people");
  };
  tell({ status: "queued", percent: 0, faces: null, error: null });
  try {
    let told = await begun(draft, scene, signal);
    while (!ENDED.includes(told.status)) {
      tell({ status: told.status, percent: told.progress.percent, faces: null, error: null });
      told = await get(`/detections/${told.id}`, { query: { wait: 2 }, signal });
      if (!ENDED.includes(told.status)) await sleep(200, signal);
    }
    if (told.status === "succeeded") alone(draft, told.faces);
    const error = told.error && new ApiError({ code: told.error.code, detail: told.error.message, problem: told.error });
    tell({ status: told.status, percent: 100, faces: told.faces, error, until: Date.parse(told.usable_until) });
  } catch (error) {
    if (wasAborted(error)) return;
    if (error.code === "consent_required") draft.set("consent", (data) => { data.consentNeeded = true; });
    tell({ status: "failed", percent: 0, faces: null, error });
  }
}

/** Whether mappings can refer to those who were found, now and for a while. */
export const usable = (found) => Boolean(found?.faces) && found.until - SOON_MS > Date.now();

/** The look that the draft knows, if its faces can still be used; a new one otherwise. */
async function begun(draft, scene, signal) {
  if (draft.data.detection) {
    try {
      const told = await get(`/detections/${draft.data.detection}`, { signal });
      const late = Date.parse(told.usable_until) - SOON_MS < Date.now();
      if (!late && !["failed", "canceled"].includes(told.status)) return told;
    } catch (error) {
      if (!["not_found", "expired"].includes(error.code)) throw error;
    }
  }
  const media = lasts(scene) ? "video" : "image";
  const told = await post("/detections", {
    media, scene: { asset_id: scene.id }, ...(consentOf(draft.data) && { consent: consentOf(draft.data) }),
  }, { signal });
  draft.set("", (data) => { data.detection = told.id; });
  return told;
}

/** One person and one donor: who else would become whom? */
export function alone(draft, faces) {
  const { donors, mapping } = draft.data;
  if (faces?.length === 1 && donors.length === 1 && !Object.keys(mapping).length) {
    draft.map(faces[0].face_id, donors[0].id);
  }
}

/** The card of who becomes whom. */
export function peopleCard({ draft, signal, moment, look }) {
  const told = h("div", { "aria-live": "polite" });
  const list = h("div");
  const whom = howCard(draft, signal);
  const rows = new Map();
  draft.on("scene people", () => {
    const { data, found } = draft;
    rows.clear();
    fill(told, data.scene ? status(draft, look) : h("p", { class: "soft" }, "They appear here once there is a scene."));
    fill(list);
    if (!found?.faces?.length) return;
    fill(list, h("ul", { class: "people", "aria-label": "People of the scene" },
      found.faces.map((face) => personRow({ draft, face, moment, rows, signal }))));
  }, signal);
  draft.on("people mapping donors", () => {
    list.hidden = draft.data.whom !== "each";
    for (const update of rows.values()) update();
  }, signal);
  return h("section", { class: "card", "aria-labelledby": "people-head" },
    h("h2", { id: "people-head" }, h("span", { class: "step", "aria-hidden": "true" }, "3"), "Who becomes whom"),
    told, list, whom);
}

function status(draft, look) {
  const { found } = draft;
  if (!found) return null;
  if (found.error?.code === "consent_required") {
    return h("p", { class: "told warn" }, "This service asks first whether the people shown have agreed. ",
      h("button", { type: "button", class: "tiny", onclick: () => document.getElementById("agreed")?.focus() }, "Go there"));
  }
  if (found.error) {
    return errorBox(found.error, { title: "The people could not be looked for", retry: look });
  }
  if (found.status === "canceled") {
    return h("p", { class: "told warn" }, "The search was stopped. ", h("button", { type: "button", class: "tiny", onclick: look }, "Look for people"));
  }
  if (!found.faces) {
    const far = found.percent > 0 ? ` ${Math.floor(found.percent)} %` : "";
    return h("div", { class: "row apart" }, busy(`Looking for people …${far}`),
      lasts(draft.data.scene) && h("button", { type: "button", class: "tiny", onclick: () => draft.stopLooking() }, "Stop looking"));
  }
  if (!found.faces.length) {
    return h("p", { class: "told warn" }, h("strong", null, "Nobody was found. "),
      "What to do: choose a scene in which the faces are larger, sharper and seen from the front.");
  }
  const many = found.faces.length;
  return h("p", { class: "soft small" }, many === 1 ? "One person was found."
    : `${many} people were found. Drag a donor onto a person, or choose below. Whoever is not chosen stays as they are.`);
}

function personRow({ draft, face, moment, rows, signal }) {
  const name = personName(draft, face);
  const select = choice([["", "nobody: stays"]], { "aria-label": `${name} becomes`, data: { face: face.face_id } });
  select.addEventListener("change", () => draft.map(face.face_id, select.value));
  const seen = lasts(draft.data.scene) && h("button", {
    type: "button", class: "plain tiny", onclick: () => moment.seek(face.first_s),
    "aria-label": `Go to where ${name} comes in, at ${seconds(face.first_s)}`,
  }, `${seconds(face.first_s)} – ${seconds(face.last_s)}`);
  const row = drop(h("li", { class: "person" },
    h("span", { class: "crop" }, face.crop ? picture(face.crop.asset_id, "", { signal, words: name }) : null),
    h("div", { class: "person-words" }, h("strong", null, name), seen),
    h("label", { class: "row becomes" }, h("span", { class: "soft small", "aria-hidden": "true" }, "becomes"), select)),
  face.face_id);
  const update = () => {
    const { donors, mapping } = draft.data;
    const chosen = mapping[face.face_id] ?? "";
    fill(select, h("option", { value: "" }, "nobody: stays"),
      donors.map((one) => h("option", { value: one.id }, nameOf(draft, one))));
    select.value = draft.donor(chosen) ? chosen : "";
    row.classList.toggle("given", select.value !== "");
  };
  rows.set(face.face_id, update);
  update();
  return row;
}

/** "Everybody", or "the largest", for those who do not want to choose. */
function howCard(draft, signal) {
  const how = choice([["each", "each person as chosen above"], ["all", "everybody"], ["largest", "the largest face"]],
    { value: draft.data.whom });
  how.addEventListener("change", () => draft.set("mapping people", (data) => { data.whom = how.value; }));
  const who = choice([]);
  who.addEventListener("change", () => draft.set("mapping", (data) => { data.everyone = who.value; }));
  const whoField = field("Becomes", who);
  draft.on("mapping donors scene", () => {
    const { data } = draft;
    how.value = data.whom;
    whoField.hidden = data.whom === "each";
    fill(who, data.donors.length ? data.donors.map((one) => h("option", { value: one.id }, nameOf(draft, one)))
      : h("option", { value: "" }, "no donor yet"));
    who.value = draft.donor(data.everyone) ? data.everyone : (data.donors[0]?.id ?? "");
  }, signal);
  const box = h("div", { class: "pair how" }, field("Swap", how), whoField);
  draft.on("scene people mapping", () => { box.hidden = !draft.data.scene; }, signal);
  return box;
}
