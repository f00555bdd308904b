// A picture from the camera.

import { h, fill } from "../../lib/dom.js";
import { panel } from "./panel.js";

const WHY = {
  insecure: ["The browser gives the camera to safe addresses only.",
    "Open the studio by https, or on this machine by http://localhost; or take the picture with another program and choose the file."],
  NotAllowedError: ["The camera was not allowed.",
    "Allow it in the address bar (the camera's sign), then try again."],
  NotFoundError: ["There is no camera.", "Connect one and try again, or choose a file."],
  NotReadableError: ["The camera is in use, or does not answer.", "Close the program that uses it, then try again."],
};

/**
 * Take a picture in a dialog.
 * @param {string} name the file's
 * @returns {Promise<File|null>}
 */
export function takePicture(name) {
  return panel("Take a picture", (close, signal) => {
    const box = h("div", { class: "camera" });
    let stream = null;
    signal.addEventListener("abort", () => stop(stream));
    const begin = async () => {
      fill(box, h("p", { role: "status" }, "Waiting for the camera …"));
      try {
        stream = await open();
      } catch (error) {
        fill(box, trouble(error, begin));
        return;
      }
      if (signal.aborted) return stop(stream);
      fill(box, live(stream, { name, close, again: begin }));
    };
    begin();
    return box;
  });
}

const stop = (stream) => stream?.getTracks().forEach((one) => one.stop());

async function open() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw Object.assign(new Error(), { name: isSecureContext ? "NotFoundError" : "insecure" });
  }
  return navigator.mediaDevices.getUserMedia({
    audio: false, video: { facingMode: "user", width: { ideal: 1920 }, height: { ideal: 1080 } },
  });
}

function trouble(error, begin) {
  const [what, next] = WHY[error.name] ?? [`The camera cannot be used (${error.name}).`, "Try again, or choose a file."];
  return h("div", { class: "told bad", role: "alert" },
    h("p", null, h("strong", null, what)), h("p", null, h("strong", null, "What to do: "), next),
    error.name !== "insecure" && h("button", { type: "button", onclick: begin }, "Try again"));
}

function live(stream, { name, close, again }) {
  const video = h("video", { autoplay: true, playsinline: true, muted: true, srcObject: stream, "aria-label": "What the camera sees" });
  const shoot = h("button", { type: "button", class: "primary", disabled: true }, "Take the picture");
  video.addEventListener("loadeddata", () => {
    shoot.disabled = false;
    shoot.focus();
  });
  const foot = h("div", { class: "actions row" }, shoot);
  const box = h("div", { class: "stack" }, video, foot);
  shoot.addEventListener("click", async () => {
    const canvas = h("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.95));
    stop(stream);
    const url = URL.createObjectURL(blob);
    const use = h("button", { type: "button", class: "primary", onclick: () => close(new File([blob], name, { type: "image/jpeg" })) }, "Use this picture");
    fill(box, h("img", { src: url, alt: "The picture that was taken" }),
      h("div", { class: "actions row" }, h("button", { type: "button", onclick: again }, "Take another"), use));
    use.focus();
  });
  return box;
}
