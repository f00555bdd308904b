// The swap that is being put together. It outlives the page: what it is made of (ids and choices,
// never files) is kept in this browser for each account, and files on their way go on while
// somebody looks at another place.

import { post } from "../../lib/api.js";
import { session } from "../../lib/session.js";

const VERSION = 1;

const EMPTY = {
  version: VERSION,
  scene: null, // what `small` keeps of an asset
  detection: null, // the id of the task that looked for people
  donors: [], // { id, name, faceId, photos: [asset] }
  whom: "each", // or "all", "largest": everybody, or the largest face, gets `everyone`
  everyone: "", // a donor's id
  mapping: {}, // face_id → a donor's id
  options: {},
  consent: { agreed: false, by: "" },
  consentNeeded: false,
  sent: null, // { key, body } of a submit whose answer has not been seen
  unfinished: [], // names of files that were on their way
};

/** What to keep of an asset. */
export const small = (asset) => ({
  id: asset.id,
  filename: asset.filename,
  content_type: asset.content_type,
  expires_at: asset.expires_at,
  ...Object.fromEntries(["kind", "width", "height", "duration_s", "fps", "codec"]
    .map((name) => [name, asset.facts?.[name] ?? null])),
});

/** A draft and those who are told what changed in it. */
class Draft extends EventTarget {
  constructor(account) {
    super();
    this.place = `personae.draft.${account}`;
    this.data = read(this.place);
    this.lost = this.data.unfinished;
    this.data.unfinished = [];
    /** Files on their way or refused, which a reload would lose: see uploads.js. */
    this.pending = new Set();
    /** What the last look for people brought: null, or { status, progress, faces, error }. */
    this.found = null;
  }

  /**
   * Change it, keep it, and tell.
   * @param {string} parts those that change: scene, people, donors, mapping, options, consent, pending
   * @param {(data: Object) => void} [change]
   */
  set(parts, change) {
    change?.(this.data);
    this.keep();
    for (const part of parts.split(" ")) this.dispatchEvent(new Event(part));
    this.dispatchEvent(new Event("any"));
  }

  keep() {
    this.data.unfinished = [...this.pending].map((one) => one.name);
    try {
      localStorage.setItem(this.place, JSON.stringify(this.data));
    } catch { /* The browser is full or forbids it: then it lasts as long as the page. */ }
  }

  /** Be told of changes of some parts until `signal`; once at the beginning too. */
  on(parts, listener, signal) {
    for (const part of parts.split(" ")) this.addEventListener(part, listener, { signal });
    listener();
  }

  get isEmpty() {
    return !this.data.scene && !this.data.donors.length;
  }

  /**
   * Forget everything.
   * @returns {Object} what there was, for `take`
   */
  clear() {
    for (const one of this.pending) one.stop();
    this.pending.clear();
    this.stopLooking();
    const was = this.data;
    this.take(structuredClone(EMPTY));
    return was;
  }

  /** Go on with what there was. */
  take(data) {
    Object.assign(this, { data, found: null, lost: [] });
    this.set("scene people donors mapping options consent pending");
  }

  /** A look for people that nobody waits for any more is not finished. */
  stopLooking() {
    if (!this.data.detection || !["queued", "running"].includes(this.found?.status)) return;
    post(`/detections/${this.data.detection}/cancel`).catch(() => {}); // It has just ended by itself.
  }

  donor(id) {
    return this.data.donors.find((one) => one.id === id);
  }

  addDonor(donor) {
    const id = `d${Math.max(0, ...this.data.donors.map((one) => Number(one.id.slice(1)))) + 1}`;
    this.set("donors", (data) => data.donors.push({ id, name: "", faceId: null, photos: [], ...donor }));
    return id;
  }

  dropDonor(id) {
    this.set("donors mapping", (data) => {
      data.donors = data.donors.filter((one) => one.id !== id);
      for (const [face, donor] of Object.entries(data.mapping)) if (donor === id) delete data.mapping[face];
      if (data.everyone === id) data.everyone = "";
    });
  }

  /** Take another scene; who becomes whom goes, options stay, all but the range. */
  useScene(asset) {
    this.stopLooking();
    this.found = null;
    const was = this.data.scene;
    this.set("scene people mapping options", (data) => {
      Object.assign(data, { scene: asset && small(asset), detection: null, mapping: {}, sent: null });
      // Each kind has formats of its own.
      if (asset && was && was.kind !== data.scene.kind) delete data.options.output?.container;
      delete data.options.start_s;
      delete data.options.end_s;
    });
  }

  map(face, donor) {
    this.set("mapping", (data) => {
      if (donor) data.mapping[face] = donor;
      else delete data.mapping[face];
    });
  }
}

function read(place) {
  try {
    const kept = JSON.parse(localStorage.getItem(place));
    if (kept?.version === VERSION) return { ...structuredClone(EMPTY), ...kept };
  } catch { /* Not ours, or broken: begin anew. */ }
  return structuredClone(EMPTY);
}

let open = null;

/** The account's draft: the same one for as long as the page lives. */
export function draftOfAccount() {
  const account = session.account.id;
  if (open?.account !== account) open = { account, draft: new Draft(account) };
  return open.draft;
}

/** What a donor is called. */
export function nameOf(draft, donor) {
  return donor.name || `Donor ${draft.data.donors.indexOf(donor) + 1}`;
}

/** Whether the scene lasts: a video or an animation. */
export const lasts = (scene) => Boolean(scene) && ["video", "animation"].includes(scene.kind);
