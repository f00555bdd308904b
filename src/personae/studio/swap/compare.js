// Before and after, laid over each other with a slider between them, or side by side.

import { h, id } from "../lib/dom.js";
import { sizeOf } from "./media.js";

const MODES = [["slider", "Slider"], ["side", "Side by side"], ["after", "Result alone"]];

/**
 * @param {{before: Element|null, after: Element, mode?: string, onmode?: (mode: string) => void,
 *   note?: string}} parts loaded pictures or videos; without `before` only the result is shown
 * @returns {Element}
 */
export function compare({ before, after, mode = "slider", onmode, note }) {
  const [width, height] = sizeOf(after);
  const stage = h("div", { class: "pairing", style: { "--ratio": width / height, "--split": "50%" } });
  if (!before) {
    stage.append(layer("after", after, null));
    return h("div", { class: "compare", data: { mode: "after" } }, stage);
  }
  stage.append(layer("before", before, "Before"), layer("after", after, "After"),
    ...slider((share) => stage.style.setProperty("--split", `${share}%`)));
  const box = h("div", { class: "compare", data: { mode } });
  const [wide, high] = sizeOf(before);
  const turned = Math.abs(wide / high - width / height) > 0.02 * (width / height);
  const choose = (word) => {
    box.dataset.mode = word;
    onmode?.(word);
  };
  box.append(stage, modes(mode, choose));
  if (turned) box.append(h("p", { class: "small soft" }, "The scene has another shape than the result, so they do not cover each other exactly."));
  if (note) box.append(h("p", { class: "small soft" }, note));
  return box;
}

const layer = (kind, element, words) => h("div", { class: `layer ${kind}` }, element,
  words && h("span", { class: "badge", "aria-hidden": "true" }, words));

/** The slider covers the whole stage, so that dragging works anywhere on it. */
function slider(onshare) {
  const input = h("input", {
    type: "range", class: "split", min: 0, max: 100, step: 1, value: 50, "aria-label": "Before and after",
    oninput: () => tell(),
  });
  const tell = () => {
    onshare(input.value);
    input.setAttribute("aria-valuetext", `${input.value} % before, ${100 - input.value} % after`);
  };
  tell();
  return [input, h("div", { class: "divider", "aria-hidden": "true" }, h("span", { class: "handle" }, "◂ ▸"))];
}

function modes(now, onmode) {
  const name = id("mode");
  return h("fieldset", { class: "modes" }, h("legend", { class: "hidden-text" }, "How to compare"),
    MODES.map(([value, words]) => h("label", null,
      h("input", { type: "radio", name, value, checked: value === now, onchange: () => onmode(value) }),
      h("span", null, words))));
}
