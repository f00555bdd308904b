// Signing in with a key; at the very first start, with the key that was made for this machine.

import { h, fill } from "../lib/dom.js";
import { get } from "../lib/api.js";
import { session } from "../lib/session.js";
import { actButton, errorBox, field, tick } from "../lib/ui.js";

const CODE = /^#welcome=([\w-]+)$/;

/**
 * @param {{why?: Error, onsigned: () => void}} options `why` somebody was signed out
 * @returns {Element}
 */
export function signInView({ why, onsigned }) {
  const told = h("div", { "aria-live": "polite" });
  const input = h("input", { type: "password", name: "key", autocomplete: "current-password", required: true, spellcheck: "false", placeholder: "pk_…" });
  const remember = tick("Stay signed in on this device", { checked: false });
  const enter = async (key, keep) => {
    fill(told);
    try {
      await get("/keys/current", { key });
    } catch (error) {
      fill(told, errorBox(error, { title: "This key was not taken" }));
      return;
    }
    session.keep(key, { remember: keep });
    if (CODE.test(location.hash)) history.replaceState(null, "", "#/");
    onsigned();
  };
  const form = h("form", {
    onsubmit: (event) => {
      event.preventDefault();
      enter(input.value.trim(), remember.input.checked);
    },
  },
  field("API key", input, "`personae serve` prints one at its first start; `personae keys create` makes more."),
  remember.node,
  h("p"), h("button", { class: "primary" }, "Sign in"));
  const offer = h("div");
  firstKey(offer, told, enter);
  return h("main", { id: "main", class: "center" },
    h("p", null, h("img", { src: "/studio/mask.svg", alt: "", width: 64, height: 64 })),
    h("h1", { tabindex: "-1" }, "Personae"),
    why && h("p", { class: "told warn" }, "You were signed out: ", (why.detail || "the key is no longer valid").replace(/\.$/, ""), "."),
    offer, told, h("div", { class: "card" }, form),
    h("p", { class: "soft small" }, "The key stays in this browser. ", h("a", { href: "/docs" }, "HTTP API"), "."));
}

/** Offer the first key, if there is one to be had from here. */
async function firstKey(box, told, enter) {
  const code = CODE.exec(location.hash)?.[1] ?? null;
  let open = false;
  try {
    open = (await (await fetch("/studio/first-key", { cache: "no-store" })).json()).offered;
  } catch { /* Then there is just the form. */ }
  if (!open && !code) return;
  fill(box, h("div", { class: "told good" },
    h("p", null, h("strong", null, "Welcome. "), "A first key was made for this machine. It is given out once: keep it on this device, or note it."),
    actButton("Use the first key", async () => {
      const answer = await fetch("/studio/first-key", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code }),
      });
      const given = await answer.json();
      if (!answer.ok) {
        fill(box);
        fill(told, errorBox({ name: "", message: given.detail }, { title: "The first key is not to be had any more" }));
        return;
      }
      fill(box, h("div", { class: "told good" },
        h("p", null, "Your key, shown this once:"), h("pre", { tabindex: "0" }, given.key),
        h("p"), actButton("Go on", () => enter(given.key, true), { class: "primary" })));
    }, { class: "primary" })));
}
