// Was a file made by this service? Open to everybody; nothing is kept.

import { h, fill } from "../lib/dom.js";
import { call } from "../lib/api.js";
import { field, load } from "../lib/ui.js";

export const title = "Was it made here?";

export function show({ signal }) {
  const told = h("div", { "aria-live": "polite" });
  const input = h("input", { type: "file", accept: "image/*,video/*" });
  input.addEventListener("change", () => input.files[0] && look(told, input.files[0], signal));
  return h("div", null,
    h("div", { class: "card" },
      h("p", null, "Choose a picture or a video. It is looked at for a manifest, for the invisible mark and for files that this service gave out, and it is not kept."),
      field("File", input)),
    told);
}

function look(box, file, signal) {
  load(box, async () => {
    const said = await call("POST", "/inspect", {
      body: file, headers: { "Content-Type": file.type || "application/octet-stream" }, signal,
    });
    return h("div", { class: "card" }, h("pre", { tabindex: "0" }, JSON.stringify(said, null, 2)));
  }, "Looking …");
}
