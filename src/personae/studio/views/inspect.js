// Was a file made by this service? Open to everybody; nothing is kept.

import { h } from "../lib/dom.js";
import { call } from "../lib/api.js";
import { field, load } from "../lib/ui.js";
import { styled } from "../swap/styled.js";
import { verdict } from "../swap/verdict.js";

export const title = "Was it made here?";

export async function show({ signal }) {
  await styled();
  const told = h("div", { "aria-live": "polite" });
  const input = h("input", { type: "file", accept: "image/*,video/*" });
  input.addEventListener("change", () => input.files[0] && look(told, input.files[0], signal));
  return h("div", null,
    h("div", { class: "card" },
      h("p", null, "Choose a picture or a video. It is looked at for a manifest, for the invisible mark and for files that this service gave out, and it is not kept."),
      dropZone(field("File", input, "Or drop one here."), (file) => {
        input.value = "";
        look(told, file, signal);
      })),
    told);
}

function dropZone(content, onfile) {
  const zone = h("div", {
    class: "drop-file",
    ondragover: (event) => {
      event.preventDefault();
      zone.classList.add("over");
    },
    ondragleave: () => zone.classList.remove("over"),
    ondrop: (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      const [file] = event.dataTransfer.files;
      if (file) onfile(file);
    },
  }, content);
  return zone;
}

function look(box, file, signal) {
  load(box, async () => {
    const said = await call("POST", "/inspect", {
      body: file, headers: { "Content-Type": file.type || "application/octet-stream" }, signal,
    });
    return h("section", { class: "card", "aria-label": "What was found" }, h("h2", null, file.name), verdict(said));
  }, "Looking …");
}
