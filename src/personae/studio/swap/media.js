// Stored files as the studio shows them, whose links are fetched anew when they are over.

import { h } from "../lib/dom.js";
import { get } from "../lib/api.js";

/** Why a file is not shown. */
export const WHY = {
  gone: "It has expired or was deleted.",
  elsewhere: "It came from an address, and the studio loads nothing from elsewhere.",
  forbidden: "Your key may not look at files (scope assets:read).",
  unplayable: "This browser cannot play its format.",
};

/**
 * A stored file: what is known of it, and a link that works now.
 * @param {string} assetId
 * @returns {Promise<{asset: Object, url: string} | {missing: string}>} `missing` is a name in `WHY`
 */
export async function stored(assetId, signal) {
  try {
    const [asset, link] = await Promise.all([
      get(`/assets/${assetId}`, { signal }), get(`/assets/${assetId}/url`, { signal }),
    ]);
    return { asset, url: link.url };
  } catch (error) {
    if ([404, 409, 410].includes(error.status)) return { missing: "gone" };
    if (error.status === 403) return { missing: "forbidden" };
    throw error;
  }
}

/** What a request names: a stored file, or one that lies elsewhere. */
export const given = async (media, signal) =>
  (media?.asset_id ? stored(media.asset_id, signal) : { missing: "elsewhere" });

/**
 * An element that shows a file, once it is known that it can.
 * @param {{asset: Object, url: string}} file
 * @param {string} words what it is, for those who do not see it
 * @returns {Promise<HTMLImageElement|HTMLVideoElement|null>} null if this browser cannot show it
 */
export function shown(file, words, signal) {
  const moving = file.asset.content_type.startsWith("video/");
  const element = moving
    ? h("video", { playsinline: true, preload: "auto", "aria-label": words, src: file.url })
    : h("img", { alt: words, src: file.url });
  return new Promise((resolve) => {
    const done = (fine) => resolve(fine ? element : null);
    element.addEventListener("error", () => done(false), { once: true });
    // Sound without a picture is what some browsers make of a codec that they do not know.
    if (moving) element.addEventListener("loadeddata", () => done(element.videoWidth > 0), { once: true });
    else element.addEventListener("load", () => done(true), { once: true });
    if (moving) keepAlive(element, file.asset.id, signal);
    signal?.addEventListener("abort", () => {
      if (moving) element.removeAttribute("src");
      done(false);
    }, { once: true });
  });
}

/** Links end after an hour: a video that is still being looked at then gets a fresh one. */
function keepAlive(video, assetId, signal) {
  let last = 0;
  video.addEventListener("error", async () => {
    if (!video.videoWidth || Date.now() - last < 10_000 || signal?.aborted) return;
    last = Date.now();
    const at = video.currentTime;
    const file = await stored(assetId, signal).catch(() => ({}));
    if (!file.url) return;
    video.src = file.url;
    video.currentTime = at;
  });
}

/** Width and height of what an element shows, in pixels, upright. */
export const sizeOf = (element) => (element instanceof HTMLVideoElement
  ? [element.videoWidth, element.videoHeight] : [element.naturalWidth, element.naturalHeight]);
