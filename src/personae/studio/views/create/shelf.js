// What is stored already, to choose from: the face library, and earlier files.

import { freshKey, get, post } from "../../lib/api.js";
import { h, fill } from "../../lib/dom.js";
import { ago } from "../../lib/format.js";
import { to } from "../../lib/router.js";
import { actButton, choice, empty, errorBox, field, listing, tick, toast } from "../../lib/ui.js";
import { nameOf } from "./draft.js";
import { picture, standIn } from "./media.js";
import { panel } from "./panel.js";
import { AGREED, consentOf } from "./request.js";
import { describe } from "./scene.js";

const PAGE = 24;
const ROLES = [["upload", "uploaded"], ["import", "fetched from addresses"], ["output", "made by swaps"]];

/** Choose saved faces; null if none was chosen. */
export function chooseFaces() {
  return panel("Choose from the face library", (close, signal) => picker({
    close, signal, multiple: true,
    page: (cursor) => get("/faces", { query: { limit: PAGE, cursor }, signal }),
    tile: (face) => [picture(face.asset_ids[0], "", { signal, words: face.name }), face.name],
    none: empty(h("p", null, "No face has been saved yet."), h("p", null, "Save a donor, and they are here the next time.")),
    foot: h("a", { href: to("/faces") }, "Go to the face library"),
  }), { wide: true });
}

/**
 * Choose files that are stored already.
 * @param {{kinds: string[], multiple: boolean}} options
 */
export function chooseAssets({ kinds, multiple }) {
  return panel("Choose from earlier files", (close, signal) => {
    const role = choice(ROLES);
    const box = h("div");
    const show = () => {
      const seen = new Set(); // The same bytes may have been uploaded more than once.
      fill(box, picker({
        close, signal, multiple,
        page: async (cursor) => {
          const told = await get("/assets", { query: { role: role.value, limit: PAGE, cursor }, signal });
          const fits = (one) => one.state === "ready" && kinds.includes(one.facts?.kind)
            && !seen.has(one.sha256) && seen.add(one.sha256);
          return { items: told.items.filter(fits), next_cursor: told.next_cursor };
        },
        tile: (asset) => [
          asset.facts.kind === "video" ? standIn("Video") : picture(asset.id, "", { signal, words: asset.facts.kind }),
          `${describe({ ...asset, ...asset.facts })}, ${ago(asset.created_at)}`,
        ],
        none: empty(h("p", null, "Nothing fitting is stored.")),
      }));
    };
    role.addEventListener("change", show);
    show();
    return [field("Files", role), box];
  }, { wide: true });
}

/** Tiles to press; one press is enough where one can be chosen. */
function picker({ close, signal, multiple, page, tile, none, foot }) {
  const chosen = new Map();
  const take = h("button", { type: "button", class: "primary", disabled: true, onclick: () => close([...chosen.values()]) }, "Take");
  const row = (item) => {
    const [shown, words] = tile(item);
    const button = h("button", { type: "button", class: "tile", "aria-pressed": multiple ? "false" : null },
      h("span", { class: "thumb" }, shown), h("span", { class: "words" }, words));
    button.addEventListener("click", () => {
      if (!multiple) return close([item]);
      if (!chosen.delete(item.id)) chosen.set(item.id, item);
      button.setAttribute("aria-pressed", String(chosen.has(item.id)));
      take.disabled = !chosen.size;
      take.textContent = chosen.size > 1 ? `Take ${chosen.size}` : "Take";
    });
    return h("li", null, button);
  };
  return [
    listing(page, { row, none, wrap: (nodes) => h("ul", { class: "shelf" }, nodes) }),
    h("div", { class: "row apart actions" }, foot ?? h("span"), multiple && take),
  ];
}

/** Keep a donor of the draft in the face library. */
export async function keepFace(draft, donor) {
  const face = await saveFace({
    name: donor.name, fallback: nameOf(draft, donor), ids: donor.photos.map((one) => one.id), consent: draft.data.consent,
  });
  if (face) draft.set("donors mapping", () => Object.assign(donor, { faceId: face.id, name: face.name }));
}

/** Ask for a name, and save photos under it; null if somebody thought better of it. */
export function saveFace({ name = "", fallback = "", ids, consent = { agreed: false, by: "" } }) {
  return panel("Save to the face library", (close, signal) => {
    const input = h("input", { value: name, required: true, maxlength: 100, placeholder: fallback, autocomplete: "off" });
    const agreed = tick(AGREED.replace("this swap", "being kept"), { checked: consent.agreed });
    const told = h("div", { "aria-live": "polite" });
    const key = freshKey();
    const save = actButton("Save the face", async () => {
      fill(told);
      if (!input.value.trim()) return input.focus();
      const said = consentOf({ consent: { ...consent, agreed: agreed.input.checked } });
      const face = await post("/faces", {
        name: input.value.trim(), asset_ids: ids,
        ...(said && { consent: { ...said, statement: AGREED.replace("this swap", "being kept") } }),
      }, { signal, idempotencyKey: `${key}-${agreed.input.checked}-${encodeURIComponent(input.value.trim()).slice(0, 150)}` });
      toast(`${face.name} is in the face library.`);
      close(face);
    }, { class: "primary", onerror: (error) => fill(told, errorBox(error, { title: "The face was not saved" })) });
    return h("form", {
      onsubmit: (event) => {
        event.preventDefault();
        save.click();
      },
    }, h("ul", { class: "photos", "aria-label": "Photos" }, ids.map((id) => h("li", null, picture(id, "", { signal })))), h("p"),
    field("Name", input, "Saved faces stay until they are deleted. Only this account sees them."),
    agreed.node, told, h("p"), save);
  });
}
