// Files on their way into the storage: how far they are, stopping them, and trying again.

import { upload } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { ApiError, wasAborted } from "../../lib/errors.js";
import { bytes } from "../../lib/format.js";
import { errorBox, toast } from "../../lib/ui.js";
import { keepLocal } from "./media.js";

/**
 * Send a file; it goes on while somebody looks at other places of the studio.
 * @param {Draft} draft which keeps it among its `pending`
 * @param {File} file
 * @param {{into: string, kinds: string[], ondone: (asset: Object, signal: AbortSignal) => any, onend?: () => void}} options `into` says
 *   where it is shown (see `uploadsView`), `kinds` what it may turn out to be; `onend` is told when it ends in any way
 */
export function send(draft, file, { into, kinds, ondone, onend = () => {} }) {
  const one = { name: file.name || "file", size: file.size, into, share: 0, error: null, told: null };
  let stopping;
  one.stop = () => stopping.abort();
  one.leave = () => {
    one.stop();
    draft.pending.delete(one);
    draft.set("pending");
  };
  one.start = async () => {
    stopping = new AbortController();
    const { signal } = stopping;
    Object.assign(one, { share: 0, error: null });
    draft.set("pending");
    try {
      const asset = await upload(file, {
        signal, name: one.name, onprogress: (share) => { one.share = share; one.told?.(share); },
      });
      checkKind(asset, kinds);
      if (signal.aborted) return;
      keepLocal(asset.id, file);
      await ondone(asset, signal);
      draft.pending.delete(one);
    } catch (error) {
      if (wasAborted(error) || signal.aborted) return;
      one.error = error;
    } finally {
      onend();
    }
    draft.set("pending");
  };
  draft.pending.add(one);
  one.start();
}

/** Refuse what is of no use here. */
export function checkKind(asset, kinds) {
  if (asset.state !== "ready") {
    throw new ApiError({
      code: asset.refusal?.code ?? "media_unreadable", detail: asset.refusal?.message ?? "The file cannot be used.",
    });
  }
  const kind = asset.facts?.kind;
  if (kind && !kinds.includes(kind)) {
    throw new ApiError({
      code: "media_unsupported",
      detail: kinds.includes("video") ? `This is ${kind} alone, without a picture to swap faces in.`
        : `A donor's photo is a picture, and this is ${kind === "sound" ? "sound" : `a ${kind === "video" ? "video" : "moving picture"}`}.`,
    });
  }
}

/** Those uploads that go `into` one place, each with its bar and buttons. */
export function uploadsView(draft, into, signal) {
  const box = h("div", { class: "uploads" });
  draft.on("pending", () => fill(box, [...draft.pending].filter((one) => one.into === into)
    .map((one) => (one.error ? failed(one) : underWay(one)))), signal);
  return box;
}

function underWay(one) {
  const bar = h("progress", { max: 1, value: one.share, "aria-label": `Upload of ${one.name}` });
  const far = h("span", { class: "soft small" });
  one.told = (share) => {
    bar.value = share;
    far.textContent = share < 1 ? `${Math.floor(share * 100)} % of ${bytes(one.size)}` : "Being looked at …";
  };
  one.told(one.share);
  return h("div", { class: "upload" },
    h("div", { class: "row apart" }, h("span", null, one.name), far,
      h("button", {
        type: "button", class: "tiny", "aria-label": `Cancel the upload of ${one.name}`,
        onclick: () => { one.leave(); toast(`${one.name} was not uploaded.`); },
      }, "Cancel")),
    bar);
}

// What a file is does not change by sending it again.
const FOR_GOOD = ["media_unsupported", "media_too_large", "media_unreadable", "policy_refused"];

const failed = (one) => h("div", { class: "upload" },
  errorBox(one.error, {
    title: `${one.name} could not be taken`, retry: FOR_GOOD.includes(one.error.code) ? null : () => one.start(),
  }),
  h("button", { type: "button", class: "tiny", onclick: () => one.leave() }, `Leave out ${one.name}`));
