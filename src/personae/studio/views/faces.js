// The face library: donors that are kept under a name.

import { get, remove } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { ago } from "../lib/format.js";
import { go } from "../lib/router.js";
import { actButton, empty, listing, sure, toast } from "../lib/ui.js";
import { addFace } from "./create/donors.js";
import { draftOfAccount } from "./create/draft.js";
import { picture } from "./create/media.js";
import { saveFace } from "./create/shelf.js";
import { sources } from "./create/sources.js";
import { send, uploadsView } from "./create/uploads.js";

export const title = "Face library";

const PAGE = 24;
const MOST_PHOTOS = 10;

export function show({ signal }) {
  const draft = draftOfAccount();
  const list = h("div");
  const again = () => fill(list, faces(draft, signal, again));
  again();
  return h("div", null, newFace(draft, signal, again), list);
}

/** Photos of one person, then a name. */
function newFace(draft, signal, again) {
  const taken = h("div", { class: "stack" });
  let photos = [];
  const show = () => fill(taken, photos.length > 0 && [
    h("ul", { class: "photos", "aria-label": "Photos of the new face" }, photos.map((one, at) => h("li", null,
      picture(one.id, `Photo ${at + 1}`, { signal }),
      h("button", {
        type: "button", class: "plain tiny", "aria-label": `Remove photo ${at + 1}`,
        onclick: () => { photos = photos.filter((each) => each !== one); show(); },
      }, "×")))),
    h("div", null, actButton("Name and save", async () => {
      const face = await saveFace({ ids: photos.map((one) => one.id), consent: draft.data.consent });
      if (!face) return;
      photos = [];
      show();
      again();
    }, { class: "primary" })),
  ]);
  const add = (assets) => {
    for (const one of assets) if (!photos.some((each) => each.id === one.id)) photos.push(one);
    if (photos.length > MOST_PHOTOS) {
      photos = photos.slice(0, MOST_PHOTOS);
      toast(`A face has at most ${MOST_PHOTOS} photos.`);
    }
    show();
  };
  const kinds = ["picture"];
  return h("section", { class: "card", "aria-labelledby": "new-face" },
    h("h2", { id: "new-face" }, "New face"),
    taken, uploadsView(draft, "faces", signal),
    sources({
      label: "Choose photos", words: "Drop photos of one person: several, from different sides, make a steadier likeness.",
      accept: "image/*", multiple: true, kinds, camera: "face.jpg", small: true,
      onfiles: (files) => files.forEach((file) => send(draft, file, { into: "faces", kinds, ondone: (asset) => add([asset]) })),
      onassets: add,
    }));
}

function faces(draft, signal, again) {
  return listing((cursor) => get("/faces", { query: { limit: PAGE, cursor }, signal }), {
    row: (face) => h("li", { class: "card face", "aria-label": face.name }, faceCard(draft, face, signal, again)),
    none: empty(h("p", null, "No face has been saved yet.")),
    wrap: (nodes) => h("ul", { class: "faces", "aria-label": "Saved faces" }, nodes),
  });
}

function faceCard(draft, face, signal, again) {
  const many = face.asset_ids.length;
  const used = face.photos_used;
  return [
    h("div", { class: "face-photo" }, picture(face.asset_ids[0], `${face.name}`, { signal })),
    h("h3", null, face.name),
    h("p", { class: "soft small" }, `${many} ${many === 1 ? "photo" : "photos"}`,
      used !== null && used < many && `, of which swaps take ${used}: the others are too poor beside them`,
      `, saved ${ago(face.created_at)}`),
    h("div", { class: "row" },
      h("button", {
        type: "button", class: "tiny primary", "aria-label": `Swap with ${face.name}`,
        onclick: () => { addFace(draft, face); go("/"); },
      }, "Swap"),
      actButton("Delete", async () => {
        const yes = await sure(`Delete ${face.name}?`,
          "The face leaves the library. Its photos go when their time is up; swaps that are done stay.");
        if (!yes) return;
        await remove(`/faces/${face.id}`, { signal });
        for (const donor of draft.data.donors.filter((one) => one.faceId === face.id)) draft.dropDonor(donor.id);
        toast(`${face.name} was deleted.`);
        again();
      }, { class: "tiny danger", "aria-label": `Delete ${face.name}` })),
  ];
}
