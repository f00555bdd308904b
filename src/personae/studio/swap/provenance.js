// "Made here, from …": how an output came about.

import { h, fill } from "../lib/dom.js";
import { call, get, items } from "../lib/api.js";
import { bytes, count, credits, time } from "../lib/format.js";
import { actButton, busy, errorBox, facts } from "../lib/ui.js";
import { WHY, given, stored } from "./media.js";
import { verdict } from "./verdict.js";
import { hasEnded, sceneFaceOf } from "./words.js";

const SIGNERS = {
  local: "this machine's own certificate. It shows whether the file was changed; other programs call it untrusted, because it says nothing of who runs this machine",
  operator: "the operator's certificate",
};
const CONSENT = {
  request: "said with the request", standing: "said once for all requests of the account",
  terms: "by the terms that the account works under", off: "not recorded: the operator has switched that off",
};
const LARGE_BYTES = 200e6;
const MOST_RECORDS = 1000;

/** The panel beside a result. */
export function provenanceCard(task, signal) {
  const { result, request } = task;
  const from = h("div", { class: "origins" }, busy());
  const later = { licence: h("span"), consent: h("span", null, "…") };
  if (result) fillLater(later, task, signal);
  comesFrom(from, request, signal);
  return h("section", { class: "card", "aria-labelledby": "made-here" },
    h("h2", { id: "made-here" }, result ? "Made here, from …" : "What was asked for"), from,
    facts([
      ["Engine", [result?.engine ?? request.engine ?? "–", later.licence]],
      ["Quality", request.quality ?? "chosen by hand"],
      result?.restorer && ["Restorer", result.restorer],
      (request.start_s || request.end_s) && ["Range", `${request.start_s ?? 0} s to ${request.end_s ?? "the end"}${request.end_s ? " s" : ""}`],
      result && ["Faces", `${count(result.faces_swapped)} swapped${result.frames > 1 ? ` in ${count(result.frames)} frames` : ""}`],
      result?.frames_lost > 0 && ["Lost frames", `${count(result.frames_lost)}, which did not decode`],
      result && ["Visible label", result.label ?? "none"],
      result && ["Manifest", manifestWords(result)],
      result && ["Consent", later.consent],
      ["Asked", time(task.created_at)],
      task.finished_at && ["Finished", time(task.finished_at)],
      hasEnded(task) && ["Paid", credits(task.credits.charged)],
      ["Task", h("code", null, task.id)],
    ]),
    result?.warnings?.length ? h("div", { class: "told warn" }, h("ul", { class: "plain-list" }, result.warnings.map((one) => h("li", null, one)))) : null,
    result?.outputs[0] && checker(result.outputs[0], signal));
}

function manifestWords({ manifest, manifest_url: url, signed_by: by }) {
  if (!manifest || manifest === "off") return "none";
  return [manifest === "embedded" ? "in the file" : ["in a ", url ? h("a", { href: url, download: "" }, "file beside it") : "file beside it"],
    by && [", signed by ", SIGNERS[by] ?? by]];
}

/** Scene and donors, with pictures for as long as they exist. */
async function comesFrom(box, request, signal) {
  const rows = [["Scene", [request.scene]]];
  for (const [at, { donor, scene_face: face }] of (request.mappings ?? []).entries()) {
    const words = `${request.mappings.length > 1 ? `Donor ${at + 1}` : "Donor"}, on ${sceneFaceOf(face)}`;
    rows.push([words, donor.photos ?? await photosOf(donor.face_id, signal)]);
  }
  fill(box, rows.map(([words, files]) => h("div", { class: "origin" },
    h("span", { class: "small" }, words),
    h("span", { class: "row" }, files.map((one) => thumbnail(one, words, signal))))));
}

async function photosOf(faceId, signal) {
  try {
    const face = await get(`/faces/${faceId}`, { signal });
    return face.asset_ids.map((asset_id) => ({ asset_id }));
  } catch {
    return [{ asset_id: null, gone: true }];
  }
}

function thumbnail(media, words, signal) {
  const box = h("span", { class: "look" });
  (media.gone ? Promise.resolve({ missing: "gone" }) : given(media, signal)).then((file) => {
    if (file.missing) return fill(box, h("span", { class: "small soft" }, WHY[file.missing]));
    const moving = file.asset.content_type.startsWith("video/");
    const alt = [words, file.asset.filename].filter(Boolean).join(": ");
    return fill(box, moving
      ? h("video", { src: file.url, preload: "metadata", "aria-label": alt, muted: true, playsinline: true })
      : h("img", { src: file.url, alt }));
  }).catch(() => fill(box, h("span", { class: "small soft" }, "It cannot be shown now.")));
  return box;
}

/** What takes further questions: the engine's licence and the record of consent. */
function fillLater({ licence, consent }, task, signal) {
  get("/engines", { signal }).then(({ engines, steps }) => {
    const of = (name) => [...engines, ...steps ?? []].find((one) => one.name === name)?.licence?.name;
    const told = [of(task.result.engine), of(task.result.restorer)].filter(Boolean);
    if (told.length) fill(licence, ` (${told.join(", ")})`);
  }).catch(() => {});
  recordOf(task, signal).then((record) => fill(consent, record
    ? [CONSENT[record.how] ?? record.how, record.statement && `: “${record.statement}”`, record.asserted_by && `, by ${record.asserted_by}`]
    : "its record is not at hand"),
  (error) => fill(consent, error.status === 403 ? "your key may not read records of consent" : "cannot be told now"));
}

async function recordOf(task, signal) {
  let looked = 0;
  for await (const one of items("/consents", { query: { since: task.created_at, limit: 100 }, signal })) {
    if (one.task_id === task.id) return one;
    if ((looked += 1) >= MOST_RECORDS) return null;
  }
  return null;
}

/** "Check this file": the output itself is sent to where anybody can have files looked at. */
function checker(output, signal) {
  const box = h("div", { "aria-live": "polite" });
  const large = output.size_bytes > LARGE_BYTES;
  const check = actButton("Check this file", async () => {
    fill(box, busy("Looking for marks and the manifest …"));
    try {
      const file = await stored(output.asset_id, signal);
      if (file.missing) return fill(box, h("p", null, WHY[file.missing]));
      const bytesOf = await (await fetch(file.url, { signal, credentials: "omit" })).blob();
      const seen = await call("POST", "/inspect", { body: bytesOf, headers: { "Content-Type": file.asset.content_type }, signal });
      return fill(box, verdict(seen));
    } catch (error) {
      return fill(box, errorBox(error));
    }
  });
  return h("div", { class: "stack" }, h("p"), h("div", { class: "row" }, check,
    h("span", { class: "small soft" }, large ? `It is fetched and sent again, ${bytes(output.size_bytes)} each way.` : "What it tells of itself, as anybody can have it looked at.")), box);
}
