// Signing in with a key; at the very first start, with the key that was made for this machine.

import { h, fill } from "../lib/dom.js";
import { get } from "../lib/api.js";
import { session } from "../lib/session.js";
import { actButton, copyButton, errorBox, field, tick } from "../lib/ui.js";

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
    dropCode();
    onsigned();
  };
  const form = h("form", {
    onsubmit: (event) => {
      event.preventDefault();
      enter(input.value.trim(), remember.input.checked);
    },
  },
  field("API key", input, [h("code", null, "personae serve"), " prints one at its first start; ", h("code", null, "personae keys create"), " makes more."]),
  remember.node,
  h("p"), h("button", { class: "primary" }, "Sign in"));
  const offer = h("div");
  const card = h("div", { class: "card" }, form);
  firstKey(offer, told, (key) => {
    // Kept before it is shown: it is given out once, and a reload must not lose it.
    session.keep(key, { remember: true });
    dropCode();
    input.value = "";
    fill(told);
    card.hidden = true;
    fill(offer, keyShown(key, onsigned));
    offer.querySelector("button.primary").focus();
  });
  return h("main", { id: "main", class: "center" },
    h("p", null, h("img", { src: "/studio/mask.svg", alt: "", width: 64, height: 64 })),
    h("h1", { tabindex: "-1" }, "Personae"),
    why && h("p", { class: "told warn" }, "You were signed out: ", (why.detail || "the key is no longer valid").replace(/\.$/, ""), "."),
    offer, told, card,
    h("p", { class: "soft small" }, "The key stays in this browser. ", h("a", { href: "/docs" }, "HTTP API"), "."));
}

function dropCode() {
  if (CODE.test(location.hash)) history.replaceState(null, "", "#/");
}

const keyShown = (key, onsigned) => h("div", { class: "told good" },
  h("p", null, h("strong", null, "Your key, shown this once. "), "It is kept on this device, and you are signed in; note it if you need it elsewhere too."),
  h("pre", { class: "whole", tabindex: "0", "aria-label": "Your key" }, key),
  h("div", { class: "row" }, copyButton(key, "Copy the key"), h("button", { type: "button", class: "primary", onclick: onsigned }, "Go on")));

/** Offer the first key, if there is one to be had from here. */
async function firstKey(box, told, ongiven) {
  const code = CODE.exec(location.hash)?.[1] ?? null;
  let open = false;
  try {
    open = (await (await fetch("/studio/first-key", { cache: "no-store" })).json()).offered;
  } catch { /* Then there is just the form. */ }
  if (!open && !code) return;
  fill(box, h("div", { class: "told good" },
    h("p", null, h("strong", null, "Welcome. "), "A first key was made for this machine. It is given out once, and kept on this device."),
    actButton("Use the first key", async () => {
      fill(told);
      const answer = await fetch("/studio/first-key", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code }),
      });
      const given = await answer.json();
      if (answer.ok) return ongiven(given.key);
      fill(box);
      fill(told, errorBox({ name: "", message: given.detail }, { title: "The first key is not to be had any more" }));
    }, { class: "primary" })));
}
