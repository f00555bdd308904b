// The donors: whose faces are put in. Several people, and several photos of each.

import { fill, h } from "../../lib/dom.js";
import { toast } from "../../lib/ui.js";
import { nameOf, small } from "./draft.js";
import { picture } from "./media.js";
import { alone } from "./people.js";
import { dropOn, sources } from "./sources.js";
import { send, uploadsView } from "./uploads.js";

const ACCEPT = "image/*";
const PHOTOS = ["picture"];
const MOST_PHOTOS = 10;

/** Take files of this device as donors, one person each. */
export function donorFiles(draft, files) {
  // In the order of the files, whichever arrives first.
  let before = Promise.resolve();
  for (const file of files) {
    const mine = before;
    before = new Promise((onend) => send(draft, file, {
      into: "donors", kinds: PHOTOS, onend, ondone: (asset, gone) => mine.then(() => gone.aborted || addPhoto(draft, null, asset)),
    }));
  }
}

/** Put a photo to a donor, or make it a donor of its own. */
export function addPhoto(draft, id, asset) {
  const donor = id && draft.donor(id);
  if (!donor) {
    draft.addDonor({ photos: [small(asset)] });
    alone(draft, draft.found?.faces);
    return;
  }
  if (donor.photos.some((one) => one.id === asset.id)) toast("That photo is there already.");
  else if (donor.photos.length >= MOST_PHOTOS) toast(`A donor has at most ${MOST_PHOTOS} photos.`);
  else draft.set("donors", () => donor.photos.push(small(asset)));
}

/** Take a saved face as a donor. */
export function addFace(draft, face) {
  if (draft.data.donors.some((one) => one.faceId === face.id)) return toast(`${face.name} is there already.`);
  draft.addDonor({ name: face.name, faceId: face.id, photos: face.asset_ids.map((id) => ({ id })) });
  alone(draft, draft.found?.faces);
}

/** The card of donors. */
export function donorsCard(context) {
  const { draft, signal } = context;
  const list = h("ul", { class: "donors", "aria-label": "Donors" });
  let shown = new AbortController();
  draft.on("donors", () => {
    const focused = document.activeElement?.dataset?.keep;
    shown.abort();
    shown = new AbortController();
    const mine = { ...context, signal: AbortSignal.any([signal, shown.signal]) };
    fill(list, draft.data.donors.map((donor) => donorItem(mine, donor)));
    list.hidden = !draft.data.donors.length;
    if (focused) list.querySelector(`[data-keep="${focused}"]`)?.focus();
  }, signal);
  draft.on("mapping donors", () => marks(draft, list), signal);
  const add = sources({
    label: "Choose photos", small: true, accept: ACCEPT, multiple: true, kinds: PHOTOS, camera: "donor.jpg",
    words: "Drop photos of the people whose faces are put in. Each photo is somebody new; more photos of the same person go on that person.",
    onfiles: (files) => donorFiles(draft, files),
    onassets: (assets) => assets.forEach((asset) => addPhoto(draft, null, asset)),
    onfaces: (faces) => faces.forEach((face) => addFace(draft, face)),
  });
  return h("section", { class: "card", "aria-labelledby": "donors-head" },
    h("h2", { id: "donors-head" }, h("span", { class: "step", "aria-hidden": "true" }, "2"), "Donors"),
    list, uploadsView(draft, "donors", signal), add);
}

function marks(draft, list) {
  const used = new Set(Object.values(draft.data.mapping));
  for (const item of list.children) item.classList.toggle("used", used.has(item.dataset.donor));
}

function donorItem({ draft, signal, carrying }, donor) {
  const name = nameOf(draft, donor);
  const shown = donor.photos[0];
  const carry = h("button", {
    type: "button", class: "donor-face", "aria-pressed": "false", title: "Drag onto a person, or press and then press the person",
    "aria-label": `Put ${name} on a person`, onclick: () => carrying.hold(carrying.held === donor.id ? null : donor.id),
  }, shown ? picture(shown.id, "", { signal, words: name }) : name);
  carrying.from(carry, donor.id);
  carrying.addEventListener("change", () => carry.setAttribute("aria-pressed", String(carrying.held === donor.id)), { signal });
  const item = h("li", { class: "donor", data: { donor: donor.id } },
    carry,
    h("div", { class: "donor-words" },
      donor.faceId ? h("strong", null, name) : nameField(draft, donor, name),
      photosRow(draft, donor, name, signal),
      h("div", { class: "row" }, tools(draft, donor, name))));
  const more = (files) => files.forEach((file) => send(draft, file, {
    into: "donors", kinds: PHOTOS, ondone: (asset) => addPhoto(draft, donor.id, asset),
  }));
  if (!donor.faceId) dropOn(item, more);
  return item;
}

function nameField(draft, donor, name) {
  return h("input", {
    class: "quiet", value: donor.name, placeholder: name, maxlength: 100, "aria-label": `Name of ${name}`,
    data: { keep: `${donor.id}-name` },
    onchange: (event) => draft.set("donors mapping", () => { donor.name = event.target.value.trim(); }),
  });
}

function photosRow(draft, donor, name, signal) {
  if (donor.photos.length < 2) return null;
  return h("ul", { class: "photos", "aria-label": `Photos of ${name}` }, donor.photos.map((photo, at) => h("li", null,
    picture(photo.id, `Photo ${at + 1} of ${name}`, { signal }),
    !donor.faceId && h("button", {
      type: "button", class: "plain tiny", "aria-label": `Remove photo ${at + 1} of ${name}`,
      onclick: () => draft.set("donors", () => donor.photos.splice(at, 1)),
    }, "×"))));
}

function tools(draft, donor, name) {
  const input = h("input", { type: "file", accept: ACCEPT, multiple: true, class: "hidden-text", "aria-label": `Add photos of ${name}` });
  input.addEventListener("change", () => [...input.files].forEach((file) => send(draft, file, {
    into: "donors", kinds: PHOTOS, ondone: (asset) => addPhoto(draft, donor.id, asset),
  })));
  return [
    !donor.faceId && h("label", { class: "button tiny" }, "Add photos", input),
    !donor.faceId && h("button", {
      type: "button", class: "tiny", "aria-label": `Save ${name} to the face library`,
      onclick: async () => (await import("./shelf.js")).keepFace(draft, donor),
    }, "Save"),
    h("button", {
      type: "button", class: "tiny", "aria-label": `Remove ${name}`,
      onclick: () => draft.dropDonor(donor.id),
    }, "Remove"),
  ];
}
