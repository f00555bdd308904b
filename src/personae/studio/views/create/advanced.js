// The options that most people leave alone.

import { fill, h } from "../../lib/dom.js";
import { choice, field, tick } from "../../lib/ui.js";
import { NOT_IN_WEBM, slider } from "./options.js";

/** Everything below "Advanced". */
export function advanced(draft, known, bind, signal) {
  const written = h("div");
  draft.on("scene", () => fill(written, fileFields(draft, bind)), signal);
  return h("details", { class: "advanced" }, h("summary", null, "Advanced"),
    h("h3", null, "New faces"), engineFields(draft, known, bind, signal),
    h("h3", null, "File"), written,
    h("h3", null, "Words over the output"), labelFields(bind));
}

function engineFields(draft, known, bind, signal) {
  const engine = bind.select("engine", [["", "As the quality says"], ...known.engines.map((one) => [one.name, one.name])]);
  const about = h("div", { class: "hint" });
  const own = h("div");
  const show = () => {
    const chosen = known.engines.find((one) => one.name === bind.value("engine"));
    fill(about, chosen && about_(chosen));
    fill(own, chosen && ownFields(chosen, bind));
  };
  engine.addEventListener("change", () => draft.set("options", ({ options }) => {
    // These belong to one engine: another has sizes of its own.
    delete options.engine_options?.boost_px;
    delete options.engine_options?.likeness;
    show();
  }));
  draft.on("scene", show, signal);
  return [
    field("Engine", engine), about, own,
    slider("Strength", bind.share("strength", 1), "How much of the new face is laid over the old one."),
    h("div", { class: "pair" },
      field("Restorer", bind.select("engine_options.restorer", [["", "As the quality says"], ...stepsOf(known, "restorer"), ["classical", "classical (without a model)"], ["off", "off"]])),
      slider("Restoring", bind.share("restore", 0))),
    occluders(known, bind),
    parser(known, bind),
  ];
}

function about_(one) {
  const { name, url, permissive } = one.licence;
  return [
    one.summary, " Licence: ", url ? h("a", { href: url, rel: "noreferrer noopener", target: "_blank" }, name) : name,
    permissive ? "." : ": not for every use; ask the operator.",
    one.price_factor !== 1 && ` It costs ${one.price_factor} times the list price.`,
  ];
}

function ownFields(one, bind) {
  return h("div", { class: "pair" },
    one.sizes_px.length > 0 && field("Size of the faces", bind.select("engine_options.boost_px", [
      ["", `Its own (${one.sizes_px[0]} px)`], ...one.sizes_px.slice(1).map((px) => [px, `${px} px`]),
    ], { number: true }), "Larger is finer and slower."),
    one.has_likeness && slider("Likeness", bind.share("engine_options.likeness", 0.5),
      "Below 50 % the new face leans to the scene's person, above away from them."));
}

const stepsOf = (known, role) => known.steps.filter((one) => one.role === role)
  .map((one) => [one.name, `${one.name} (${one.licence.name})`]);

/** Which models keep what is before a face: as the quality says, none, or some. */
function occluders(known, bind) {
  const steps = stepsOf(known, "occluder");
  if (!steps.length) return null;
  const path = "engine_options.occluders";
  const how = choice([["", "As the quality says"], ["none", "none"], ["some", "these:"]]);
  const boxes = steps.map(([name, words]) => ({ name, ...tick(words, { value: name }) }));
  const told = h("div", { class: "stack" }, boxes.map((one) => one.node));
  const keep = () => bind.keep(path, { "": null, none: [], some: boxes.filter((one) => one.input.checked).map((one) => one.name) }[how.value]);
  how.addEventListener("change", () => {
    if (how.value === "some" && !boxes.some((one) => one.input.checked)) boxes[0].input.checked = true;
    keep();
  });
  for (const one of boxes) one.input.addEventListener("change", keep);
  bind.follow(path, (now) => {
    how.value = now === undefined ? "" : now.length ? "some" : "none";
    told.hidden = how.value !== "some";
    for (const one of boxes) one.input.checked = now?.includes(one.name) ?? false;
  });
  return [field("Keep what is before a face (hands, hair, glasses)", how), told];
}

/** Which regions of a face are swapped; needs a model that tells them apart. */
function parser(known, bind) {
  const steps = known.steps.filter((one) => one.role === "parser");
  if (!steps.length) return null;
  const input = bind.select("engine_options.parser", [["", "As the quality says"], ...stepsOf(known, "parser"), ["off", "off"]]);
  const box = h("div");
  const path = "engine_options.regions";
  bind.follow("engine_options.parser", (now) => {
    const regions = steps.find((one) => one.name === now)?.regions ?? [];
    const ticks = regions.map((name) => ({ name, ...tick(name.replaceAll("_", " ").replaceAll("-", " "), { checked: bind.value(path)?.includes(name) ?? true }) }));
    for (const one of ticks) {
      one.input.addEventListener("change", () => {
        const on = ticks.filter((each) => each.input.checked).map((each) => each.name);
        bind.keep(path, on.length === 0 || on.length === ticks.length ? null : on);
        if (!on.length) for (const each of ticks) each.input.checked = true;
      });
    }
    fill(box, ticks.length > 0 && h("fieldset", null, h("legend", null, "Regions of the face"), h("div", { class: "row" }, ticks.map((one) => one.node))));
  });
  return [field("Regions by", input), box];
}

function fileFields(draft, bind) {
  if (draft.data.scene?.kind !== "video") {
    return field("Quality of the file", bind.number("output.quality", { min: 1, max: 100, placeholder: "as usual" }),
      "1 to 100, for JPEG and WebP; higher is better and larger.");
  }
  const codec = bind.select("output.codec", [["", "As suits the format"], ["h264", "H.264"], ["hevc", "HEVC (H.265)"], ["vp9", "VP9"], ["av1", "AV1"]]);
  codec.addEventListener("change", () => {
    if (NOT_IN_WEBM.includes(codec.value) && bind.value("output.container") === "webm") bind.keep("output.container", null);
  });
  return h("div", { class: "pair" },
    field("Codec", codec),
    field("CRF", bind.number("output.crf", { min: 0, max: 63, placeholder: "as usual" }),
      "Lower is better and larger; H.264 and HEVC end at 51."));
}

function labelFields(bind) {
  const places = ["bottom-right", "bottom", "bottom-left", "top-right", "top", "top-left"];
  return h("div", { class: "pair" },
    field("Visible label", bind.text("label_text", { maxlength: 80, placeholder: "Made with AI" }), "Nothing is written if this is empty, unless the operator says otherwise."),
    field("Place of the label", bind.select("label_place", places.map((one) => [one === "bottom-right" ? "" : one, one.replace("-", " ")]))));
}
