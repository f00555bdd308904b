// What a draft is made of may have expired since; and a draft can begin as a task did.

import { get, post } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { note } from "../../lib/router.js";
import { errorBox } from "../../lib/ui.js";
import { small } from "./draft.js";
import { optionsOf } from "./request.js";

/**
 * Make the draft one that can be gone on with.
 * @param {Draft} draft
 * @param {string|null} from the task to begin as
 * @returns {Promise<Node[]>} what is to be said about it
 */
export async function restored(draft, from, signal) {
  const notes = [];
  if (from) {
    try {
      notes.push(...await beginAs(draft, from, signal));
      note({}); // From here on it is a draft as any other: a reload keeps what is changed.
    } catch (error) {
      if (error.name === "AbortError") throw error;
      notes.push(errorBox(error, { title: "That swap could not be taken up" }));
    }
  } else notes.push(...gone(await dropExpired(draft, signal)));
  if (draft.lost.length) {
    notes.push(h("p", { class: "told warn" }, h("strong", null, "Not everything had arrived. "),
      `Choose again: ${draft.lost.join(", ")}.`));
    draft.lost = [];
  }
  return notes;
}

/** What was begun before, to be taken back. */
export function putAside(draft, was) {
  const told = h("p", { class: "told row apart", role: "status" }, "What you had begun was put aside. ",
    h("button", {
      type: "button", class: "tiny", onclick: () => {
        draft.take(was);
        told.remove();
      },
    }, "Take it back"));
  return told;
}

const gone = (names) => (names.length ? [h("p", { class: "told warn", role: "status" },
  h("strong", null, "Taken out, because it is no longer stored: "), `${names.join(", ")}. What to do: choose it again.`)] : []);

/** Take out what the service no longer has; the names of what went. */
async function dropExpired(draft, signal) {
  const { data } = draft;
  const wanted = new Map();
  if (data.scene) wanted.set(data.scene.id, `/assets/${data.scene.id}`);
  for (const donor of data.donors) {
    if (donor.faceId) wanted.set(donor.faceId, `/faces/${donor.faceId}`);
    else for (const photo of donor.photos) wanted.set(photo.id, `/assets/${photo.id}`);
  }
  const lost = new Set();
  await Promise.all([...wanted].map(async ([id, path]) => {
    try {
      const told = await get(path, { signal });
      if (told.state && told.state !== "ready") lost.add(id);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      if (["not_found", "expired"].includes(error.code)) lost.add(id);
    }
  }));
  if (!lost.size) return [];
  const names = [];
  if (lost.has(data.scene?.id)) {
    names.push(data.scene.filename ?? "the scene");
    draft.useScene(null);
  }
  for (const donor of [...data.donors]) {
    if (donor.faceId) {
      if (lost.has(donor.faceId)) [names.push(donor.name), draft.dropDonor(donor.id)];
      continue;
    }
    const kept = donor.photos.filter((one) => !lost.has(one.id));
    if (kept.length === donor.photos.length) continue;
    names.push(...donor.photos.filter((one) => lost.has(one.id)).map((one) => one.filename ?? "a photo"));
    if (kept.length) draft.set("donors", () => { donor.photos = kept; });
    else draft.dropDonor(donor.id);
  }
  return names;
}

/** Begin as a task did: its files, who becomes whom, and its options. */
async function beginAs(draft, taskId, signal) {
  const { request, label } = await get(`/swaps/${taskId}`, { signal });
  const names = [];
  const taken = async (ref, what) => {
    try {
      const asset = ref.asset_id ? await get(`/assets/${ref.asset_id}`, { signal })
        : await post("/assets/imports", { url: ref.url }, { signal });
      if (asset.state === "ready") return asset;
    } catch (error) {
      if (error.name === "AbortError") throw error;
    }
    names.push(what);
    return null;
  };
  const scene = await taken(request.scene, "the scene");
  const donors = [];
  for (const [at, { donor }] of request.mappings.entries()) donors.push(await donorOf(donor, at, taken, names, signal));
  const notes = gone(names);
  if (draft.isEmpty) draft.clear();
  else notes.push(putAside(draft, draft.clear()));
  if (scene) draft.useScene(scene);
  request.mappings.forEach(({ scene_face: face }, at) => {
    if (!donors[at]) return;
    const id = draft.data.donors.find((one) => sameDonor(one, donors[at]))?.id ?? draft.addDonor(donors[at]);
    if (!putOn(draft, face, id)) {
      notes.push(h("p", { class: "told warn" }, "That swap chose a person by a photo: choose the person here."));
    }
  });
  draft.set("options", (data) => { data.options = optionsOf(request, label); });
  return notes;
}

async function donorOf(donor, at, taken, names, signal) {
  if (donor.face_id) {
    try {
      const face = await get(`/faces/${donor.face_id}`, { signal });
      return { name: face.name, faceId: face.id, photos: face.asset_ids.map((id) => ({ id })) };
    } catch (error) {
      if (error.name === "AbortError") throw error;
      names.push("a saved face");
      return null;
    }
  }
  const photos = [];
  for (const ref of donor.photos) {
    const asset = await taken(ref, `a photo of donor ${at + 1}`);
    if (asset) photos.push(small(asset));
  }
  return photos.length ? { photos } : null;
}

const sameDonor = (one, other) => (one.faceId ?? null) === (other.faceId ?? null)
  && one.photos.map((each) => each.id).join() === other.photos.map((each) => each.id).join();

/** Put a donor where a task put them; false if that cannot be said by a place. */
function putOn(draft, face, id) {
  if (face.by === "all" || face.by === "largest") {
    draft.set("mapping", (data) => Object.assign(data, { whom: face.by, everyone: id }));
  } else if (face.by === "detection" || face.by === "index") {
    // Faces are numbered alike by every look at the same scene.
    draft.set("mapping", (data) => {
      data.whom = "each";
      data.mapping[face.face_id ?? face.index] = id;
    });
  } else return false;
  return true;
}
