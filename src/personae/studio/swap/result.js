// What a swap made: before and after, download, link.

import { h, fill, append } from "../lib/dom.js";
import { get } from "../lib/api.js";
import { ago, bytes, time } from "../lib/format.js";
import { here, note } from "../lib/router.js";
import { actButton, load, toast } from "../lib/ui.js";
import { compare } from "./compare.js";
import { WHY, given, shown, sizeOf, stored } from "./media.js";
import { together } from "./together.js";

/** The card with the result of a task that succeeded. */
export function resultCard(task, signal) {
  const [output] = task.result.outputs;
  const card = h("section", { class: "card result", "aria-label": "Result" });
  if (!output) {
    return fill(card, h("p", { class: "told warn" }, `The result is not here any more${task.expires_at && new Date(task.expires_at) < new Date() ? `: it expired ${ago(task.expires_at)}` : ""}. What was asked for is still known: swap again to make it anew.`));
  }
  const box = h("div");
  load(box, () => looks(task, output, signal), "Loading the result …");
  append(card, [box, takeaway(task, output, signal)]);
  return card;
}

async function looks(task, output, signal) {
  const [made, scene] = await Promise.all([stored(output.asset_id, signal), given(task.request.scene, signal)]);
  if (made.missing) return h("p", { class: "told warn" }, "The result is not here any more. ", WHY[made.missing]);
  const [after, before] = await Promise.all([
    shown(made, "Result", signal), scene.missing ? null : shown(scene, "Scene, before the swap", signal),
  ]);
  if (!after) return unplayable(task, made);
  const missing = scene.missing ?? (before ? null : "unplayable");
  return [
    missing && h("p", { class: "small soft" }, "The scene is not shown beside it. ", WHY[missing]),
    ...pair(task, made, after, before, scene, signal),
    h("p", { class: "small soft" }, measures(made, after)),
  ];
}

function pair(task, made, after, before, scene, signal) {
  const film = after instanceof HTMLVideoElement;
  const animated = !film && (made.asset.facts?.frames ?? 1) > 1;
  const alike = film === (before instanceof HTMLVideoElement);
  const onmode = (view) => note({ ...Object.fromEntries(here().query), view: view === usual ? null : view });
  const usual = animated || !alike ? "side" : "slider";
  const box = compare({
    before, after, onmode, mode: here().query.get("view") ?? usual,
    note: before && (animated || !alike) ? "Browsers play animations by themselves, so the two may not keep step." : null,
  });
  if (!film) return [box];
  const other = alike ? before : null;
  const drive = together(after, other, { offsetS: task.request.start_s ?? 0, fps: made.asset.facts?.fps, signal });
  box.querySelector(".pairing").after(drive);
  return [box];
}

function unplayable(task, made) {
  const still = task.result.cover ?? task.result.thumbnail;
  const kind = [made.asset.facts?.codec, made.asset.content_type].filter(Boolean).join(" in ");
  return [
    h("div", { class: "told warn" }, h("p", null,
      `This browser cannot play it (${kind}). Download it to look at it in a player such as VLC, or swap again with MP4 and H.264.`)),
    still && h("img", { class: "still", src: still.url, alt: "One frame of the result" }),
  ];
}

function measures(made, after) {
  const { facts } = made.asset;
  return [
    sizeOf(after).join(" × "), facts?.codec, facts?.fps && `${Number(facts.fps.toFixed(2))} frames a second`,
    facts?.frames > 1 && `${facts.frames} frames`, bytes(made.asset.size_bytes),
  ].filter(Boolean).join(" · ");
}

/** Download and link: always by a link of now, so that an old page still works. */
function takeaway(task, output, signal) {
  const link = () => get(`/assets/${output.asset_id}/url`, { signal });
  const told = h("div", { "aria-live": "polite" });
  return h("div", { class: "stack" },
    h("div", { class: "row" },
      actButton("Download", async () => save((await link()).url), { class: "primary" }),
      actButton("Copy link", async () => {
        const { url, expires_at: until } = await link();
        const shownUrl = h("input", { readonly: true, value: url, "aria-label": "Link to the result", onfocus: () => shownUrl.select() });
        fill(told, h("p", { class: "small" }, `Whoever has this link can fetch the file until ${time(until)}.`), shownUrl);
        await navigator.clipboard?.writeText(url).then(() => toast("The link was copied."), () => shownUrl.focus());
      }),
      stills(task)),
    told,
    task.expires_at && h("p", { class: "small soft" }, `It is kept until ${time(task.expires_at)} (${ago(task.expires_at)}), then it is deleted.`));
}

function save(url) {
  const link = h("a", { href: url, download: "" });
  document.body.append(link);
  link.click();
  link.remove();
}

const stills = (task) => [["cover", "Cover"], ["thumbnail", "Thumbnail"]].map(([name, words]) => {
  const still = task.result[name];
  return still && actButton(words, async () => {
    save((await get(`/assets/${still.asset_id}/url`)).url);
  }, { title: `Download the ${name}, ${still.width} × ${still.height} pixels` });
});

