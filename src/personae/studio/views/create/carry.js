// Carrying a donor to a person: by dragging with a mouse, pen or finger, or by pressing the donor
// and then the person. (Choosing by name, in the list of people, does the same.)

import { h } from "../../lib/dom.js";
import { toast } from "../../lib/ui.js";
import { nameOf } from "./draft.js";

const FAR_PX = 6;
const EDGE_PX = 60;

/** Mark a node as a person on whom a donor can be put. */
export function drop(node, faceId) {
  node.dataset.person = faceId;
  return node;
}

/** Who is being carried, for one view of one draft. */
export class Carrying extends EventTarget {
  constructor(draft, signal) {
    super();
    Object.assign(this, { draft, signal, held: null });
    addEventListener("keydown", (event) => event.key === "Escape" && this.hold(null), { signal });
  }

  /** Pick a donor up, or lay them down. */
  hold(donorId) {
    this.held = donorId;
    document.body.classList.toggle("carrying", donorId !== null);
    this.dispatchEvent(new Event("change"));
  }

  give(faceId, donorId) {
    const donor = this.draft.donor(donorId);
    if (!donor) return;
    this.draft.map(faceId, donorId);
    toast(`Person ${Number(faceId) + 1} becomes ${nameOf(this.draft, donor)}.`);
  }

  /** A person was pressed: the held donor goes there; without one, their choice is shown. */
  pressed(faceId) {
    if (this.held !== null) {
      this.give(faceId, this.held);
      this.hold(null);
      return;
    }
    const choice = document.querySelector(`select[data-face="${faceId}"]`);
    choice?.scrollIntoView({ block: "nearest" });
    choice?.focus();
  }

  /** Make a donor's picture one that can be dragged. */
  from(node, donorId) {
    node.classList.add("carry");
    node.addEventListener("pointerdown", (event) => {
      if (event.button === 0) this.begin(event, node, donorId);
    });
    // A press that became a drag is not also a click.
    node.addEventListener("click", (event) => {
      if (node.dataset.dragged) event.stopImmediatePropagation();
      delete node.dataset.dragged;
    }, { capture: true });
    return node;
  }

  begin(start, node, donorId) {
    const done = new AbortController();
    const { signal } = done;
    delete node.dataset.dragged;
    let ghost = null;
    let on = null;
    const aim = (next) => {
      if (on === next) return;
      on?.classList.remove("aimed");
      on = next;
      on?.classList.add("aimed");
    };
    const move = (event) => {
      if (event.pointerId !== start.pointerId) return;
      if (!ghost && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) < FAR_PX) return;
      event.preventDefault();
      ghost ??= this.ghost(node);
      node.dataset.dragged = "1";
      ghost.style.setProperty("translate", `${event.clientX}px ${event.clientY}px`);
      aim(document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-person]") ?? null);
      if (event.clientY < EDGE_PX) scrollBy(0, -12);
      else if (event.clientY > innerHeight - EDGE_PX) scrollBy(0, 12);
    };
    const end = (event) => {
      if (event.pointerId !== undefined && event.pointerId !== start.pointerId) return;
      done.abort();
      ghost?.remove();
      document.body.classList.remove("dragging");
      setTimeout(() => delete node.dataset.dragged); // After the click that a drag may end with.
      const person = on?.dataset.person;
      aim(null);
      if (event.type === "pointerup" && person !== undefined) this.give(person, donorId);
    };
    addEventListener("pointermove", move, { signal, passive: false });
    addEventListener("pointerup", end, { signal });
    addEventListener("pointercancel", end, { signal });
    addEventListener("keydown", (event) => event.key === "Escape" && end(event), { signal });
    this.signal.addEventListener("abort", end, { signal });
  }

  ghost(node) {
    const picture = node.querySelector("img")?.cloneNode() ?? node.cloneNode(true);
    const ghost = h("div", { class: "ghost", "aria-hidden": "true" }, picture);
    document.body.append(ghost);
    document.body.classList.add("dragging");
    return ghost;
  }
}
