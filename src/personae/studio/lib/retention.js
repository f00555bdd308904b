// How long each kind of thing is kept, in a form.

import { h } from "./dom.js";
import { form } from "./forms.js";
import { field } from "./ui.js";

const KINDS = {
  uploads: "Uploads", imports: "Files fetched from addresses", outputs: "Results", stills: "Covers and thumbnails",
  previews: "Previews", crops: "Crops of found faces", detections: "What searches found", faces: "Saved faces",
};
const UNITS = [[86_400, "days"], [3600, "hours"], [60, "minutes"]];

/** Seconds as people say it. */
export function lasting(seconds) {
  if (seconds === null) return "until they are deleted";
  const [size, unit] = UNITS.find(([one]) => seconds >= one && seconds % one === 0) ?? UNITS[2];
  const many = Number((seconds / size).toFixed(2));
  return `${many} ${many === 1 ? unit.slice(0, -1) : unit}`;
}

/**
 * @param {Object} now seconds by kind; null is for ever
 * @param {Object} longest what is allowed, likewise
 * @param {(times: Object) => Promise<void>} save told of what was changed; null takes a wish back
 */
export function retentionForm(now, longest, save, { readonly = false, free = false } = {}) {
  const fields = Object.entries(KINDS).map(([kind, words]) => {
    const [size, unit] = UNITS.find(([one]) => (now[kind] ?? 86_400) % one === 0) ?? UNITS[2];
    const input = h("input", {
      type: "number", min: Math.min(1, 60 / size), step: "any", disabled: readonly,
      max: free || longest[kind] === null ? null : longest[kind] / size,
      value: now[kind] === null ? "" : String(now[kind] / size), placeholder: kind === "faces" ? "for ever" : "",
    });
    const most = free ? `In ${unit}; empty: as the service's own.` : `In ${unit}; ${lasting(longest[kind])} at most, and so if left empty.`;
    return { kind, size, input, was: input.value, node: field(words, input, longest[kind] === null && !free ? `In ${unit}; empty: until they are deleted.` : most) };
  });
  const parts = h("div", { class: "grid" }, fields.map((one) => one.node));
  if (readonly) return parts;
  return form("Save", async () => {
    const changed = fields.filter((one) => one.input.value !== one.was);
    await save(Object.fromEntries(changed.map((one) => [one.kind, one.input.value === "" ? null : Number(one.input.value) * one.size])));
  }, parts, { label: "How long things are kept" });
}
