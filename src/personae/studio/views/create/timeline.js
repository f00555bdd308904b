// The moments of a video or an animation: where one is, who is to be seen when, and the range that
// is to be swapped.

import { fill, h } from "../../lib/dom.js";
import { seconds } from "../../lib/format.js";
import { drop } from "./carry.js";
import { picture } from "./media.js";
import { nameOf } from "./draft.js";
import { personName } from "./people.js";

/** @param {Object} context draft, moment, signal */
export function timeline(context) {
  const { draft, moment, signal } = context;
  const end = moment.duration_s || 1;
  const seek = h("input", {
    type: "range", min: 0, max: moment.last_s, step: moment.frame_s, value: moment.time_s, "aria-label": "Moment",
  });
  seek.addEventListener("input", () => moment.seek(Number(seek.value)));
  const play = h("button", { type: "button", class: "tiny", onclick: () => moment.toggle() }, "Play");
  const mute = h("button", {
    type: "button", class: "tiny", "aria-pressed": "false",
    onclick: () => { moment.video.muted = !moment.video.muted; },
  }, "Sound");
  const where = h("span", { class: "where soft small" });
  const line = h("div", { class: "playhead", "aria-hidden": "true" });
  const lanes = h("div", { class: "lanes" });
  const show = () => {
    seek.value = moment.time_s;
    seek.setAttribute("aria-valuetext", seconds(moment.time_s));
    play.textContent = moment.playing ? "Pause" : "Play";
    play.disabled = mute.disabled = !moment.video;
    mute.setAttribute("aria-pressed", String(Boolean(moment.video) && !moment.video.muted));
    where.textContent = `${seconds(moment.time_s)} of ${seconds(moment.duration_s)}`;
    line.style.setProperty("left", `${(100 * moment.time_s) / end}%`);
  };
  moment.addEventListener("time", show, { signal });
  show();
  draft.on("people mapping donors", () => fill(lanes, (draft.found?.faces ?? []).map((face) => lane(context, face, end))), signal);
  const step = (by) => moment.seek(moment.time_s + by * moment.frame_s);
  return h("div", { class: "timeline", role: "group", "aria-label": "Timeline" },
    h("div", { class: "row" }, play, mute,
      h("button", { type: "button", class: "tiny", "aria-label": "One frame back", onclick: () => step(-1) }, "‹"),
      h("button", { type: "button", class: "tiny", "aria-label": "One frame on", onclick: () => step(1) }, "›"),
      where),
    h("div", { class: "tracks" },
      h("div", { class: "seek" }, seek), lanes, rangeBar(context, end), h("div", { class: "over-lanes" }, line)),
    rangeFields(context));
}

function lane(context, face, end) {
  const { draft, moment, carrying, signal } = context;
  const donor = draft.donor(draft.data.mapping[face.face_id]);
  const name = personName(draft, face);
  const till = Math.min(end, face.last_s + moment.frame_s); // `last_s` is where the last frame begins.
  const bar = h("button", {
    type: "button", class: donor ? "lane-bar given" : "lane-bar",
    style: { left: `${(100 * face.first_s) / end}%`, width: `${Math.max(2, (100 * (till - face.first_s)) / end)}%` },
    "aria-label": `${name}, seen from ${seconds(face.first_s)} to ${seconds(face.last_s)}, `
      + (donor ? `becomes ${nameOf(draft, donor)}` : "stays as they are"),
    onclick: (event) => {
      if (carrying.held !== null) return carrying.pressed(face.face_id);
      const { left, width } = lane_.getBoundingClientRect();
      // By keyboard there is no place: then to where the person comes in.
      moment.seek(event.detail ? (end * (event.clientX - left)) / width : face.first_s);
    },
  }, face.crop && picture(face.crop.asset_id, "", { signal, words: name }),
  h("span", { class: "lane-name" }, donor ? nameOf(draft, donor) : `Person ${face.face_id + 1}`));
  const lane_ = drop(h("div", { class: "lane" }, bar), face.face_id);
  return lane_;
}

/** The range over the lanes, with a handle at each end. */
function rangeBar({ draft, moment, signal }, end) {
  const box = h("div", { class: "range" });
  const inside = h("div", { class: "range-inside", "aria-hidden": "true" });
  const handles = {
    start_s: handle("Start of the range", (time_s) => show(setRange(draft, moment, { start_s: time_s }).from)),
    end_s: handle("End of the range", (time_s) => show(setRange(draft, moment, { end_s: time_s }).till - moment.frame_s)),
  };
  const show = (time_s) => moment.seek(time_s);
  function handle(label, move) {
    const node = h("div", { class: "range-handle", role: "slider", tabindex: "0", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": moment.duration_s });
    const at = (event) => {
      const { left, width } = box.getBoundingClientRect();
      return Math.min(end, Math.max(0, (end * (event.clientX - left)) / width));
    };
    node.addEventListener("pointerdown", (event) => {
      node.setPointerCapture(event.pointerId);
      event.preventDefault();
      node.focus();
    });
    node.addEventListener("pointermove", (event) => node.hasPointerCapture(event.pointerId) && move(at(event)));
    node.addEventListener("keydown", (event) => {
      const far = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -1e9, End: 1e9 }[event.key];
      if (far === undefined) return;
      event.preventDefault();
      move(Number(node.getAttribute("aria-valuenow")) + far * Math.max(moment.frame_s, end / 500));
    });
    return node;
  }
  draft.on("options", () => {
    const { start_s = 0, end_s = moment.duration_s } = draft.data.options;
    inside.style.setProperty("left", `${(100 * start_s) / end}%`);
    inside.style.setProperty("right", `${100 - (100 * end_s) / end}%`);
    for (const [name, value] of Object.entries({ start_s, end_s })) {
      handles[name].style.setProperty("left", `${(100 * value) / end}%`);
      handles[name].setAttribute("aria-valuenow", value.toFixed(3));
      handles[name].setAttribute("aria-valuetext", seconds(value));
    }
  }, signal);
  box.append(inside, handles.start_s, handles.end_s);
  return box;
}

/**
 * Keep a range that has a frame at least; its ends are left out where they are the scene's.
 * @returns {{from: number, till: number}} in seconds
 */
function setRange(draft, moment, { start_s, end_s }) {
  const { options } = draft.data;
  const all = moment.duration_s;
  const least = Math.min(all, moment.frame_s);
  let from = Math.min(Math.max(0, start_s ?? options.start_s ?? 0), all - least);
  let till = Math.max(Math.min(all, end_s ?? options.end_s ?? all), least);
  if (till - from < least) {
    if (start_s === undefined) till = from + least;
    else from = till - least;
  }
  const round = (one) => Math.round(one * 1000) / 1000;
  draft.set("options", () => {
    if (from > 0) options.start_s = round(from);
    else delete options.start_s;
    if (till < all) options.end_s = round(till);
    else delete options.end_s;
  });
  return { from, till };
}

function rangeFields({ draft, moment, signal }) {
  const number = (label, name, whole) => {
    const input = h("input", { type: "number", min: 0, max: moment.duration_s, step: "any", inputmode: "decimal", "aria-label": label });
    input.addEventListener("change", () => {
      const value = input.valueAsNumber;
      setRange(draft, moment, { [name]: Number.isFinite(value) ? value : whole });
    });
    draft.on("options", () => { input.value = (draft.data.options[name] ?? whole).toFixed(2); }, signal);
    return input;
  };
  const here = (words, name) => h("button", {
    type: "button", class: "tiny", onclick: () => setRange(draft, moment, { [name]: moment.time_s }),
  }, words);
  const all = h("button", {
    type: "button", class: "plain tiny", onclick: () => draft.set("options", ({ options }) => {
      delete options.start_s;
      delete options.end_s;
    }),
  }, "Whole clip");
  draft.on("options", () => {
    const { start_s, end_s } = draft.data.options;
    all.hidden = start_s === undefined && end_s === undefined;
  }, signal);
  return h("div", { class: "row range-fields", role: "group", "aria-label": "Range to be swapped" },
    h("div", { class: "row" }, h("span", { class: "small" }, "Swap from"), number("Start in seconds", "start_s", 0), here("Start here", "start_s")),
    h("div", { class: "row" }, h("span", { class: "small" }, "to"), number("End in seconds", "end_s", moment.duration_s), here("End here", "end_s")), all);
}
