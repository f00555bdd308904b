// What went wrong, and what to do next: each of the service's codes has its advice here.

/** An answer of the service that is no success, or no answer at all (status 0). */
export class ApiError extends Error {
  constructor({ status = 0, code = "unreachable", detail = "", requestId = "", retryAfterS = null, problem = null }) {
    super(detail);
    this.name = "ApiError";
    Object.assign(this, { status, code, detail, requestId, retryAfterS, problem });
  }
}

const BROKEN = "Try again. If it comes back, give the operator the request's name below.";

/** What to do next, by code. A problem of a task has codes of the same kind. */
export const ADVICE = {
  unreachable: "Check that the service runs and that you are connected, then try again. What you have entered is kept.",
  unauthorized: "Sign in with a key that is still valid.",
  forbidden: "Your key may not do this. Use another key, or ask whoever gave it to you for the scope.",
  not_found: "It may have expired or been deleted. Go back to the history, or start anew.",
  expired: "It is past its time. Choose the files again and start anew.",
  conflict: "Something else changed it in the meantime. Load the page again and look.",
  rate_limited: "Too much at once. Wait a moment, then try again.",
  insufficient_credits: "Choose a shorter range or a cheaper quality, or ask the operator for credits.",
  invalid_request: "Change what is named above, then try again.",
  face_not_found: "Use a picture in which the face is larger, sharper and seen from the front.",
  several_faces: "Use a photo that shows this person alone, or choose the face.",
  donor_unusable: "Use a sharper, larger photo of this person, seen from the front and evenly lit.",
  consent_required: "Tick that the people shown have agreed, then try again.",
  address_refused: "Use an address on the public internet, or ask the operator to allow this one; scenes and donors can be uploaded as files too.",
  media_unreachable: "Check that the address opens in a browser without signing in, or upload the file instead.",
  media_unreadable: "Open the file in another program to see whether it is whole, save it anew, and upload that.",
  media_too_large: "Use a shorter, smaller or more strongly compressed file.",
  media_error: "Open the file in another program to see whether it is whole, or choose another one.",
  media_unsupported: "Convert the file to JPEG, PNG, WebP or MP4 (H.264), and upload that.",
  policy_refused: "This may not be done here. Use other pictures; if you think it is a mistake, ask the operator.",
  model_error: "Choose another engine or quality, or try again later.",
  canceled: "It was stopped. Start it again if that was not meant.",
  feature_disabled: "The operator has switched this off here. Leave it out, or ask the operator.",
  task_failed: "Try again; if it fails again, choose other files or another quality.",
  unavailable: "A part of the service does not answer. Nothing is lost; try again in a minute.",
  maintenance: "The service is being looked after. Nothing is lost; try again later.",
  upload_failed: "Try again. If it comes back, check that there is room in the storage, or ask the operator.",
  body_stalled: "The connection was too slow or broke off. Try again.",
  body_too_large: "Choose a smaller file, or shorten what was written.",
  bad_request: "Load the page again, then try again.",
  malformed_body: "Load the page again, then try again.",
  unsupported_body: "Load the page again, then try again.",
  method_not_allowed: "The studio and the service differ in age. Load the page again.",
  range_not_satisfiable: "Load the page again to look at the file from its beginning.",
  error: BROKEN,
  service_error: BROKEN,
  internal_error: BROKEN,
  internal: BROKEN,
  studio: "Load the page again: what you have entered is kept. If it comes back, tell the operator what you did.",
};

/** The advice for a code. */
export const adviceFor = (code) => ADVICE[code] ?? BROKEN;

/** Whether an exception only says that somebody left the page. */
export const wasAborted = (error) => error?.name === "AbortError";

/** Any exception as an `ApiError`; what is not one is a fault of the studio's own. */
export function asApiError(error) {
  if (error instanceof ApiError) return error;
  console.error(error);
  return new ApiError({ code: "studio", detail: `The studio made a mistake: ${error?.message ?? error}` });
}
