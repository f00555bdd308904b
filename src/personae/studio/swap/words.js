// A swap in words: what it is called, and what its states and phases mean.

export const ENDED = ["succeeded", "failed", "canceled"];
export const hasEnded = (task) => ENDED.includes(task.status);

const KINDS = { swap_image: "Picture", swap_video: "Video", preview: "Preview" };
export const kindOf = (task) => KINDS[task.kind] ?? task.kind;

/** What to call a task: its label, the scene's file name, or what it is. */
export const nameOf = (task) => task.label || task.scene_name || `${kindOf(task)} without a label`;

const PHASES = {
  queued: "Waiting for its turn",
  fetching: "Getting the files",
  analysing: "Looking at the people in it",
  swapping: "Swapping faces",
  joining: "Putting the pieces together",
  done: "Finishing",
};
export const phaseOf = (task) => (task.status === "queued" ? PHASES.queued
  : PHASES[task.progress.phase] ?? task.progress.phase);

const FACES = {
  all: () => "everybody",
  largest: () => "the largest face",
  index: (face) => `face ${face.index + 1} from the left`,
  detection: (face) => `person ${face.face_id + 1} of those found`,
  reference: () => "the person in a photo",
};
/** Which face of the scene a mapping means. */
export const sceneFaceOf = (face) => (FACES[face?.by] ?? FACES.largest)(face);
