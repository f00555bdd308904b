// What an inspection found, in words.

import { h } from "../lib/dom.js";
import { bytes, time } from "../lib/format.js";
import { to } from "../lib/router.js";
import { facts } from "../lib/ui.js";

const VERDICTS = {
  exact: ["good", "Yes: this very file was made here.", "Its bytes are those that this service gave out; nothing was changed since."],
  marked: ["good", "Yes: it was made here, and changed or saved anew since.", "It carries the invisible mark of a swap of this service."],
  claimed: ["warn", "It says that it was made with Personae, but not by this service as far as it can tell.", "A mark or a manifest says so, which another installation may have written."],
  unknown: ["warn", "Nothing says so.", "That proves nothing: marks and manifests can be removed, and other programs leave none."],
};
const TRUST = {
  trusted: "by somebody whom this service was told to trust",
  local: "by this machine itself (other programs call that untrusted)",
  untrusted: "by somebody unknown: whoever signed may claim what they like",
};
const ACTIONS = {
  "c2pa.opened": "opened", "c2pa.edited": "edited", "c2pa.created": "made", "c2pa.placed": "put in",
  "c2pa.watermarked.bound": "marked invisibly", "c2pa.watermarked": "marked invisibly",
  "c2pa.converted": "converted", "c2pa.resized": "scaled", "c2pa.transcoded": "encoded anew",
};
const SOURCES = {
  compositeWithTrainedAlgorithmicMedia: "a real recording with parts made by AI",
  trainedAlgorithmicMedia: "made by AI", digitalCapture: "a camera's recording",
  compositeSynthetic: "put together, with made parts", algorithmicMedia: "made by a program",
};

/** The answer of `POST /inspect` for people. */
export function verdict(seen) {
  const [kind, words, more] = VERDICTS[seen.verdict] ?? VERDICTS.unknown;
  return h("div", { class: "stack" },
    h("div", { class: `told ${kind}` }, h("p", null, h("strong", null, words)), h("p", null, more)),
    facts([
      ["File", `${seen.kind}, ${bytes(seen.size_bytes)}`],
      seen.exact && ["Made", origin(seen.exact)],
      ["Invisible mark", mark(seen.mark)],
      ["Manifest", seen.manifest ? holds(seen.manifest) : "none"],
      ["SHA-256", h("code", null, seen.sha256)],
    ]),
    seen.manifest && manifest(seen.manifest),
    h("details", null, h("summary", null, "All that was found, as the API says it"),
      h("pre", { tabindex: "0" }, JSON.stringify(seen, null, 2))));
}

function origin(told) {
  return [told.made_at ? time(told.made_at) : "here",
    told.still_here ? "; it is still kept here" : "; it is not kept here any more",
    told.task_id && told.still_here && [" (", h("a", { href: to(`/swaps/${told.task_id}`) }, "look at the swap"), ")"]];
}

function mark(found) {
  if (!found) return "none found";
  return [h("code", null, found.number), `, ${Math.round(found.confidence * 100)} % sure`,
    found.origin ? [": a swap of this service, made ", origin(found.origin)] : ": not a number of this service"];
}

const holds = (told) => (told.valid ? "there, and the file is as it was signed" : "there, but the file is not what was signed");

function manifest(told) {
  return h("details", { open: true }, h("summary", null, "What the manifest says"),
    facts([
      ["Signed", [TRUST[told.trust] ?? told.trust ?? "–", told.signer && `: ${told.signer}`, told.issuer && ` of ${told.issuer}`]],
      ["When", [time(told.signed_at), told.timestamped ? ", by a time authority" : ", by the signer's own clock"]],
      ["Program", told.generator ?? "–"],
      told.digital_source_type && ["What it is", source(told.digital_source_type)],
      told.mark_id && ["Its mark", h("code", null, told.mark_id)],
      told.actions?.length && ["Done to it", h("ol", { class: "plain-list" }, told.actions.map(action))],
      told.ingredients?.length && ["Made of", ingredients(told.ingredients)],
      told.problems?.length && ["What is wrong", h("ul", { class: "plain-list" }, told.problems.map((one) => h("li", null, h("code", null, one))))],
    ]));
}

const source = (url) => SOURCES[url.split("/").pop()] ?? url;

const action = (one) => h("li", null, ACTIONS[one.action] ?? one.action,
  one.software && ` with ${one.software}`, one.when && `, ${time(one.when)}`);

const ingredients = (list) => h("ul", { class: "plain-list" }, list.map((one) => h("li", null,
  one.title ?? "unnamed", one.made_by && ` (made by ${one.made_by})`,
  one.valid === false && " – its own manifest does not hold",
  one.ingredients?.length ? ingredients(one.ingredients) : null)));
