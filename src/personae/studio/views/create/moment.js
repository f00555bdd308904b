// Which moment of the scene is looked at, whether or not the browser can play it.

export class Moment extends EventTarget {
  constructor(scene, signal) {
    super();
    this.signal = signal;
    this.video = null;
    signal.addEventListener("abort", () => this.video?.pause()); // Or its sound would go on.
    this.aim(scene);
  }

  /** Begin with a scene. */
  aim(scene) {
    this.duration_s = scene?.duration_s || 0;
    this.frame_s = 1 / (scene?.fps || 25);
    this.time_s = 0;
  }

  /** Let a video element say where it is; null where there is none that plays. */
  use(video) {
    this.video?.pause();
    this.video = video;
    if (!video) return this.tell();
    const { signal } = this;
    video.addEventListener("timeupdate", () => this.heard(), { signal });
    video.addEventListener("seeked", () => this.heard(), { signal });
    for (const event of ["play", "pause", "ended", "volumechange"]) video.addEventListener(event, () => this.tell(), { signal });
    video.addEventListener("play", () => this.follow(), { signal });
  }

  /** While it plays, look often enough for a line that moves smoothly. */
  follow() {
    if (this.signal.aborted || !this.playing) return;
    this.heard();
    requestAnimationFrame(() => this.follow());
  }

  heard() {
    if (!this.video || this.video.seeking) return;
    this.time_s = this.video.currentTime;
    this.tell();
  }

  tell() {
    this.dispatchEvent(new Event("time"));
  }

  get playing() {
    return Boolean(this.video) && !this.video.paused && !this.video.ended;
  }

  /** The last moment that has a frame. */
  get last_s() {
    return Math.max(0, this.duration_s - this.frame_s);
  }

  seek(time_s) {
    this.time_s = Math.min(this.last_s, Math.max(0, time_s));
    if (this.video) {
      this.video.pause();
      // The middle of a frame: at its border, browsers differ about which one is shown.
      this.video.currentTime = this.time_s;
    }
    this.tell();
  }

  toggle() {
    if (!this.video) return;
    if (this.playing) this.video.pause();
    else this.video.play().catch(() => this.tell());
  }

  /** Whether this very frame is looked at. */
  at(time_s) {
    return !this.playing && Math.abs(this.time_s - time_s) < this.frame_s / 2;
  }
}
