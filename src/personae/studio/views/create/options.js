// How the swap is done and how its file is written.

import { get } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { choice, field, load } from "../../lib/ui.js";
import { advanced } from "./advanced.js";

let told = null; // What the service has; it changes with its operator's settings alone.

/** What swaps can be done with here; asked once. */
export async function engines() {
  told ??= await get("/engines");
  return told;
}

/** The card of options. */
export function optionsCard({ draft, signal }) {
  const body = h("div");
  load(body, async () => {
    const known = await engines();
    return form(draft, known, signal);
  }, "Asking what there is …");
  return h("section", { class: "card", "aria-labelledby": "options-head" },
    h("h2", { id: "options-head" }, h("span", { class: "step", "aria-hidden": "true" }, "4"), "Options"), body);
}

/** Ways to tie fields to options: `path` is "quality", or "output.codec". */
export function binder(draft, signal) {
  const place = (path) => (path.includes(".") ? path.split(".") : [null, path]);
  const value = (path) => {
    const [group, name] = place(path);
    return (group ? draft.data.options[group] : draft.data.options)?.[name];
  };
  const keep = (path, next) => draft.set("options", ({ options }) => {
    const [group, name] = place(path);
    const into = group ? (options[group] ??= {}) : options;
    if (next === "" || next === null || next === undefined || Number.isNaN(next)) delete into[name];
    else into[name] = next;
  });
  const follow = (path, put) => draft.on("options", () => put(value(path)), signal);
  return {
    value,
    keep,
    follow,
    select(path, options, { number = false } = {}) {
      const input = choice(options);
      input.addEventListener("change", () => keep(path, number && input.value !== "" ? Number(input.value) : input.value));
      follow(path, (now) => {
        input.value = now ?? "";
        // Chosen elsewhere, or no longer offered: said rather than silently dropped.
        if (input.selectedIndex < 0 && now !== undefined) {
          input.append(h("option", { value: now }, `${now} (not offered here)`));
          input.value = now;
        }
      });
      return input;
    },
    number(path, props) {
      const input = h("input", { type: "number", inputmode: "numeric", ...props });
      input.addEventListener("change", () => {
        const least = Number(props.min ?? -Infinity);
        const most = Number(props.max ?? Infinity);
        keep(path, input.value === "" ? null : Math.min(most, Math.max(least, input.valueAsNumber)));
      });
      follow(path, (now) => { input.value = now ?? ""; });
      return input;
    },
    text(path, props) {
      const input = h("input", props);
      input.addEventListener("change", () => keep(path, input.value));
      follow(path, (now) => { input.value = now ?? ""; });
      return input;
    },
    /** A share from 0 to 1, shown in percent. */
    share(path, usual, props) {
      const input = h("input", { type: "range", min: 0, max: 1, step: 0.05, ...props });
      const shown = h("output", { class: "soft small" });
      input.addEventListener("input", () => { shown.textContent = `${Math.round(input.value * 100)} %`; });
      input.addEventListener("change", () => keep(path, Number(input.value) === usual ? null : Number(input.value)));
      follow(path, (now) => {
        input.value = now ?? usual;
        shown.textContent = `${Math.round(input.value * 100)} %`;
      });
      return { input, shown };
    },
  };
}

/** A slider with its value beside the label. */
export function slider(label, { input, shown }, hint) {
  const node = field(label, input, hint);
  node.querySelector("label").append(" ", shown);
  return node;
}

/** Codecs that WebM does not hold. */
export const NOT_IN_WEBM = ["h264", "hevc"];

const QUALITIES = { draft: "Draft: fastest", standard: "Standard", best: "Best: slowest" };

function form(draft, known, signal) {
  const bind = binder(draft, signal);
  const usual = known.qualities.find((one) => one.default);
  const quality = bind.select("quality", [
    ["", usual ? `Usual: ${usual.name}` : "As usual here"],
    ...known.qualities.map((one) => [one.name, `${QUALITIES[one.name] ?? one.name}${one.price_factor === 1 ? "" : `, ${one.price_factor} × the price`}`]),
  ]);
  const name = bind.text("name", { maxlength: 100, autocomplete: "off" });
  const format = h("div");
  draft.on("scene", () => fill(format, formatFields(draft, bind)), signal);
  return [
    h("div", { class: "pair" },
      field("Quality", quality),
      field("Name (optional)", name, "To find it again in the history.")),
    format,
    advanced(draft, known, bind, signal),
  ];
}

const FORMATS = {
  picture: [["jpeg", "JPEG"], ["png", "PNG"], ["webp", "WebP"], ["gif", "GIF"]],
  animation: [["gif", "GIF"], ["webp", "WebP"], ["png", "PNG (animated)"]],
  video: [["mp4", "MP4"], ["mov", "MOV"], ["mkv", "MKV"], ["webm", "WebM"]],
};

function formatFields(draft, bind) {
  const formats = FORMATS[draft.data.scene?.kind] ?? FORMATS.picture;
  const container = bind.select("output.container", [["", "As the scene"], ...formats]);
  container.addEventListener("change", () => {
    if (container.value === "webm" && NOT_IN_WEBM.includes(bind.value("output.codec"))) bind.keep("output.codec", null);
  });
  const size = bind.select("output.max_long_px", [["", "As the scene"], [3840, "at most 3840 px"], [1920, "at most 1920 px"], [1280, "at most 1280 px"], [640, "at most 640 px"]], { number: true });
  return h("div", { class: "pair" }, field("File format", container), field("Longer side", size));
}
