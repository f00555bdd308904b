// Two videos as one: the output leads, and the scene shows the same frame at the same time.
//
// An output of a range begins where the range begins, so the scene's time is the output's plus
// `offsetS`. Frames carry the scene's times, up to what containers round (a millisecond at most),
// which is how the very frame is found again. While both play, the scene runs a little faster or
// slower until it is where it should be; where it is far off, it jumps.

import { h, fill } from "../lib/dom.js";
import { seconds } from "../lib/format.js";
import { choice } from "../lib/ui.js";

const NUDGE_S = 0.002; // Into the frame, past what containers round.
const SAME_S = 0.0025;
const FAR_S = 0.25;
const CLOSE_S = 0.006;

/**
 * Drive two videos by one set of controls.
 * @param {HTMLVideoElement} after leads; its sound is heard
 * @param {HTMLVideoElement|null} before muted
 * @param {{offsetS: number, fps: number, signal: AbortSignal}} options `fps`: frames a second
 * @returns {Element} the controls
 */
export function together(after, before, { offsetS, fps, signal }) {
  const pair = new Pair(after, before, offsetS, fps || 25);
  signal.addEventListener("abort", () => pair.pause(), { once: true });
  return controls(pair, after);
}

class Pair {
  constructor(after, before, offsetS, fps) {
    Object.assign(this, { after, before, offsetS, fps, rate: 1, turn: 0, steady: false, aligning: false, jumpedAt: 0, playing: false });
    this.timeOf = new Map([[after, after.currentTime], [before, 0]]);
    if (before) {
      before.muted = true;
      before.addEventListener("waiting", () => this.hold());
    }
    for (const one of [after, before]) if (one) this.observe(one);
    after.addEventListener("ended", () => this.pause());
    this.seek(0);
  }

  /** Note the time of every frame that is shown. */
  observe(video) {
    const look = (_, frame) => {
      this.timeOf.set(video, frame.mediaTime);
      if (this.playing) this.keepUp();
      else this.align();
      video.requestVideoFrameCallback(look);
    };
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(look);
    else for (const name of ["timeupdate", "seeked"]) video.addEventListener(name, () => this.timeOf.set(video, video.currentTime));
  }

  /** While paused: bring the scene to the frame that the output shows. */
  async align() {
    if (!this.before || !this.steady || this.aligning) return;
    this.aligning = true;
    const { turn } = this;
    for (let tries = 0; tries < 3 && turn === this.turn; tries += 1) {
      const wanted = this.timeOf.get(this.after) + this.offsetS;
      if (Math.abs(this.timeOf.get(this.before) - wanted) <= SAME_S) break;
      const arrived = arrival(this.before);
      this.before.currentTime = wanted + NUDGE_S;
      await arrived;
    }
    this.aligning = false;
    if (turn !== this.turn) this.align(); // Somebody went elsewhere meanwhile.
  }

  /** While playing: correct what the scene is ahead or behind. */
  keepUp() {
    const { after, before } = this;
    if (!before || before.ended || before.seeking) return;
    const ahead = before.currentTime - this.offsetS - after.currentTime;
    if (Math.abs(ahead) > FAR_S && performance.now() - this.jumpedAt > 1000) {
      this.jumpedAt = performance.now();
      before.currentTime = after.currentTime + this.offsetS;
    }
    const share = Math.abs(ahead) < CLOSE_S ? 0 : Math.max(-0.1, Math.min(0.1, ahead * 2));
    before.playbackRate = this.rate * (1 - share);
  }

  /** The scene has nothing to show yet: the output waits for it. */
  async hold() {
    if (!this.playing || this.before.ended) return;
    this.after.pause();
    await ready(this.before);
    if (this.playing) this.after.play().catch(() => this.pause());
  }

  async play() {
    if (this.after.ended) await this.seek(0);
    this.playing = true;
    this.steady = false;
    this.onstate?.();
    await Promise.all([ready(this.after), ready(this.before)]);
    if (!this.playing) return;
    try {
      await Promise.all([this.after.play(), this.before?.play()]);
    } catch {
      this.pause();
    }
  }

  pause() {
    this.playing = false;
    this.after.pause();
    this.before?.pause();
    this.onstate?.();
    this.meet();
  }

  /** Both to the frame that was told last: what is on the screen when playing stops may not be told. */
  meet() {
    const frame = this.timeOf.get(this.after);
    return this.aim(this.after.ended ? null : frame + NUDGE_S, frame + NUDGE_S);
  }

  /** Go to a time of the output, in seconds, and wait until both show it. */
  async seek(timeS) {
    const at = Math.max(0, Math.min(timeS, this.after.duration || 0));
    return this.aim(at, at);
  }

  async aim(afterS, beforeS) {
    const turn = (this.turn += 1);
    this.steady = false; // What frames are told before both have arrived may be older ones.
    const arrived = [afterS !== null && arrival(this.after), arrival(this.before)];
    if (afterS !== null) this.after.currentTime = afterS;
    if (this.before) this.before.currentTime = beforeS + this.offsetS;
    await Promise.all(arrived);
    if (turn !== this.turn) return;
    this.steady = !this.playing;
    await this.align();
  }

  /** One frame on (1) or back (-1). */
  async step(way) {
    if (this.stepping) return;
    this.stepping = true;
    if (this.playing) this.pause();
    const from = this.timeOf.get(this.after);
    try {
      if (way < 0) await this.seek(from - NUDGE_S);
      else await this.stepOn(from);
    } finally {
      this.stepping = false;
    }
  }

  /** Frames last differently in some clips: look further if nothing new came, and back if too much. */
  async stepOn(from) {
    const length = 1 / this.fps;
    const now = () => this.timeOf.get(this.after);
    for (let far = length; far < 10 * length && now() <= from + SAME_S; far += length / 2) {
      if (from + far > this.after.duration) return;
      await this.seek(from + far + NUDGE_S);
    }
    while (now() - from > length + SAME_S) {
      const here = now();
      await this.seek(here - NUDGE_S);
      if (now() > from + SAME_S && now() < here) continue;
      await this.seek(here + NUDGE_S);
      return;
    }
  }

  setRate(rate) {
    this.rate = rate;
    this.after.playbackRate = rate;
    if (this.before) this.before.playbackRate = rate;
  }
}

/** When a video that is sent somewhere has arrived and shows it. */
function arrival(video) {
  if (!video) return null;
  return new Promise((resolve) => {
    video.addEventListener("seeked", () => {
      // The frame is told a little after; where it is the same as before, it never is.
      const timer = setTimeout(resolve, 150);
      video.requestVideoFrameCallback?.(() => {
        clearTimeout(timer);
        resolve();
      });
    }, { once: true });
    setTimeout(resolve, 4000);
  });
}

/** When a video can play on for a while. */
function ready(video) {
  if (!video || video.readyState >= 3 || video.ended) return null;
  return new Promise((resolve) => {
    video.addEventListener("canplay", resolve, { once: true });
    setTimeout(resolve, 4000);
  });
}

/** As `seconds`, but fine enough to tell frames apart. */
const moment = (value) => (value < 60 ? `${value.toFixed(2)} s` : seconds(value));

function controls(pair, after) {
  const play = h("button", { type: "button", class: "primary", onclick: () => (pair.playing ? pair.pause() : pair.play()) }, "Play");
  const position = h("input", {
    type: "range", min: 0, max: after.duration, step: "any", value: 0, "aria-label": "Position in the video",
    oninput: () => pair.seek(Number(position.value)),
    onkeydown: (event) => {
      const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!way) return;
      event.preventDefault();
      pair.seek(after.currentTime + way * (event.shiftKey ? 1 / pair.fps : Math.max(0.2, after.duration / 50)));
    },
  });
  const clock = h("span", { class: "clock small" });
  const tell = () => {
    const words = `${moment(after.currentTime)} of ${moment(after.duration)}`;
    position.value = after.currentTime;
    position.setAttribute("aria-valuetext", words);
    fill(clock, words);
  };
  for (const name of ["timeupdate", "seeked", "durationchange"]) after.addEventListener(name, tell);
  pair.onstate = () => fill(play, pair.playing ? "Pause" : "Play");
  tell();
  const step = (words, way) => h("button", { type: "button", class: "tiny", onclick: () => pair.step(way) }, words);
  const mute = h("button", { type: "button", class: "tiny", "aria-pressed": "false", onclick: () => {
    after.muted = !after.muted;
    mute.setAttribute("aria-pressed", String(after.muted));
  } }, "Mute");
  const speed = choice([["0.25", "¼ speed"], ["0.5", "½ speed"], ["1", "Normal speed"]], {
    value: "1", "aria-label": "Speed", onchange: () => pair.setRate(Number(speed.value)),
  });
  return h("div", { class: "controls", role: "group", "aria-label": "Video" },
    position,
    h("div", { class: "row" }, play, step("Frame back", -1), step("Frame on", 1), mute, speed, clock));
}
