// Stored files as something to look at: signed addresses, and a stand-in for what no browser shows.

import { get } from "../../lib/api.js";
import { h } from "../../lib/dom.js";

const SOON_MS = 30_000;
const known = new Map();
const local = new Map();

/** Show a file of this device until the page goes, rather than fetch it back. */
export function keepLocal(assetId, file) {
  if (!local.has(assetId)) local.set(assetId, URL.createObjectURL(file));
}

/** An address for a stored file, signed for a while; asked for once, and anew when it ends. */
export async function urlOf(assetId, signal) {
  if (local.has(assetId)) return local.get(assetId);
  const had = known.get(assetId);
  if (had && had.until - SOON_MS > Date.now()) return had.url;
  const told = await get(`/assets/${assetId}/url`, { signal });
  known.set(assetId, { url: told.url, until: Date.parse(told.expires_at) });
  return told.url;
}

/** What stands for a picture that cannot be shown. */
export const standIn = (words) => h("span", { class: "stand-in", role: "img", "aria-label": words },
  h("span", { "aria-hidden": "true" }, words));

/**
 * A stored picture; a stand-in if the browser cannot show it, or if it is gone.
 * @param {string} assetId
 * @param {string} alt
 */
export function picture(assetId, alt, { signal, onload, words = alt || "No picture" } = {}) {
  const image = h("img", { alt, draggable: "false", decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(standIn(words)));
  if (onload) image.addEventListener("load", onload);
  urlOf(assetId, signal).then((url) => { image.src = url; }, (error) => {
    if (error.name !== "AbortError") image.replaceWith(standIn(words));
  });
  return image;
}
