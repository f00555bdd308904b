// One's own keys.

import { h } from "../lib/dom.js";
import { keysPanel } from "../lib/keys.js";
import { session } from "../lib/session.js";

export const title = "Keys";

export function show({ signal }) {
  const { key_id: own, scopes } = session.account;
  const onrevoked = (id) => {
    if (id === own) document.dispatchEvent(new CustomEvent("signed-out", { detail: { detail: "you revoked the key that you used" } }));
  };
  return h("div", null, keysPanel({ path: "/keys", scopes, own, signal, onrevoked }));
}
