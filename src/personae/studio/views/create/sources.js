// Where files come from: this device, by choosing, dropping or pasting; the camera; earlier files;
// the face library; an address.

import { post } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { ApiError } from "../../lib/errors.js";
import { actButton, errorBox, field, tellError } from "../../lib/ui.js";
import { panel } from "./panel.js";
import { checkKind } from "./uploads.js";

/**
 * A place to drop files on, with a button for each other way.
 * @param {{label: string, words: string, accept: string, multiple?: boolean, kinds: string[],
 *   onfiles: (files: File[]) => void, onassets: (assets: Object[]) => void,
 *   onfaces?: (faces: Object[]) => void, camera?: string, small?: boolean}} options
 *   `camera` says what its picture is called; `onfaces` offers the face library
 */
export function sources(options) {
  const { label, words, accept, multiple = false, onfiles, small = false } = options;
  const input = h("input", { type: "file", accept, multiple, class: "hidden-text", "aria-label": label });
  input.addEventListener("change", () => {
    onfiles([...input.files]);
    input.value = "";
  });
  const zone = h("div", { class: small ? "drop small-drop" : "drop" },
    words && h("p", { class: "drop-words" }, words),
    h("div", { class: "row middle" },
      h("label", { class: small ? "button tiny primary" : "button primary" }, label, input),
      others(options)));
  dropOn(zone, onfiles);
  return zone;
}

function others({ camera, kinds, multiple, small, onfiles, onassets, onfaces, label }) {
  const kind = small ? "tiny" : "";
  const of = (words) => ({ class: kind, "aria-label": `${words}: ${label.toLowerCase()}` });
  return [
    onfaces && actButton("Face library", async () => {
      const { chooseFaces } = await import("./shelf.js");
      const faces = await chooseFaces();
      if (faces) onfaces(faces);
    }, of("Face library")),
    camera && actButton("Camera", async () => {
      const { takePicture } = await import("./camera.js");
      const file = await takePicture(camera);
      if (file) onfiles([file]);
    }, of("Camera")),
    actButton("Earlier files", async () => {
      const { chooseAssets } = await import("./shelf.js");
      const assets = await chooseAssets({ kinds, multiple });
      if (assets) onassets(assets);
    }, of("Earlier files")),
    actButton("Web address", async () => {
      const asset = await fromAddress(kinds);
      if (asset) onassets([asset]);
    }, of("Web address")),
  ];
}

/** Take files that are dropped on a node. */
export function dropOn(node, onfiles) {
  let depth = 0;
  const over = (by) => {
    depth += by;
    node.classList.toggle("over", depth > 0);
  };
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  node.addEventListener("dragenter", (event) => carries(event) && over(1));
  node.addEventListener("dragleave", (event) => carries(event) && over(-1));
  node.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  node.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    event.stopPropagation();
    over(-depth);
    const files = [...event.dataTransfer.files];
    if (files.length) onfiles(files);
    else tellError(new ApiError({ code: "invalid_request", detail: "Nothing that was dropped is a file of this device: save it first, or use its web address." }));
  });
}

/** Ask for an address, and have the service fetch what is there. */
function fromAddress(kinds) {
  return panel("Take a file from a web address", (close, signal) => {
    const input = h("input", { type: "url", required: true, autocomplete: "off" });
    const told = h("div", { "aria-live": "polite" });
    const fetchIt = actButton("Fetch", async () => {
      told.replaceChildren();
      const asset = await post("/assets/imports", { url: input.value.trim() }, { signal });
      checkKind(asset, kinds);
      close(asset);
    }, { class: "primary", onerror: (error) => told.replaceChildren(errorBox(error)) });
    return h("form", {
      onsubmit: (event) => {
        event.preventDefault();
        fetchIt.click();
      },
    }, field("Address of a picture or video", input,
      "The service fetches it, so it has to be reachable from there without signing in."), told, fetchIt);
  });
}
