// A panel of keys: one's own, or, for operators, a tenant's.

import { h, fill } from "./dom.js";
import { freshKey, get, post, remove } from "./api.js";
import { ApiError } from "./errors.js";
import { ago, counted, time } from "./format.js";
import { form, line, part, shownOnce } from "./forms.js";
import { actButton, choice, copyButton, empty, field, load, state, sure, table, tick, toast } from "./ui.js";

const SCOPES = [
  ["assets:read", "see files"], ["assets:write", "upload and delete files"],
  ["swaps:read", "see swaps"], ["swaps:write", "make, cancel and delete swaps"],
  ["faces:read", "see saved faces"], ["faces:write", "save and delete faces"],
  ["account:read", "see balance, usage and audit"], ["account:write", "change retention and consent"],
  ["keys:write", "make and revoke keys"], ["webhooks:write", "manage webhooks"],
  ["register:read", "see who is never swapped"], ["register:write", "change who is never swapped"],
];
const ENDS = [["", "Never"], ["7", "In a week"], ["30", "In 30 days"], ["90", "In 90 days"], ["365", "In a year"]];
const DAY_MS = 86_400_000;

/**
 * @param {{path: string, scopes?: string[], own?: string, signal: AbortSignal, onrevoked?: (id: string) => void}} options
 *   `path` of the keys below the API; `scopes` that can be given away; `own` the key in use
 */
export function keysPanel({ path, scopes, own, signal, onrevoked = () => {} }) {
  const list = h("div");
  const made = h("div");
  const look = () => load(list, async () => tableOf(await get(path, { signal })));
  const offered = SCOPES.filter(([name]) => !scopes || scopes.includes(name));

  const tableOf = ({ items }) => {
    if (!items.length) return empty("There is no key yet. Make one above.");
    const rows = items.toReversed().map((key) => [
      h("span", null, h("strong", null, key.name), key.id === own && " (in use here)"),
      h("code", null, `${key.prefix}…`),
      h("details", null, h("summary", null, key.scopes.length === SCOPES.length ? "Everything" : counted(key.scopes.length, "scope")), key.scopes.join(", ")),
      key.last_used_at ? ago(key.last_used_at) : "never",
      key.expires_at ? time(key.expires_at) : "never",
      stateOf(key),
      !key.revoked_at && actButton("Revoke", () => revoke(key), { class: "danger tiny", "aria-label": `Revoke ${key.name}` }),
    ]);
    return table("Keys", ["Name", "Begins with", "May", "Last used", "Ends", "State", ""], rows);
  };

  const revoke = async (key) => {
    const words = key.id === own
      ? "This is the key that you are signed in with. You will be signed out at once, and it never works again."
      : "Programs that use it are refused at once. It never works again.";
    if (!await sure(`Revoke “${key.name}”?`, words, "Revoke")) return;
    await remove(`${path}/${key.id}`, { signal });
    toast(`The key ${key.name} is revoked.`);
    onrevoked(key.id);
    if (key.id !== own) look();
  };

  look();
  return [
    part("Make a key", makeForm(path, offered, signal, (key) => {
      fill(made, shownOnce(`The key “${key.name}”.`, key.key, copyButton(key.key, "Copy the key"),
        h("details", null, h("summary", null, "Client id and secret, for the APIs that want them"),
          h("dl", { class: "facts" }, h("dt", null, "Client id"), h("dd", null, h("code", null, key.client_id)),
            h("dt", null, "Client secret"), h("dd", null, h("code", null, key.client_secret))))));
      look();
    }), made),
    part("Keys", list),
  ];
}

function makeForm(path, offered, signal, onmade) {
  const name = line({ required: true, placeholder: "Website", name: "name" });
  const ends = choice(ENDS, { value: "90" });
  const boxes = offered.map(([scope, words]) => [scope, tick(`${scope}: ${words}`, { checked: true })]);
  const all = (checked) => boxes.forEach(([, box]) => { box.input.checked = checked; });
  let [once, told] = [freshKey(), ""];
  const node = form("Make the key", async () => {
    const scopes = boxes.filter(([, box]) => box.input.checked).map(([scope]) => scope);
    if (!scopes.length) throw new ApiError({ code: "invalid_request", detail: "Tick at least one thing that the key may do." });
    const until = ends.value ? new Date(Date.now() + Number(ends.value) * DAY_MS) : null;
    // To the day, so that trying again is the same request.
    const wanted = { name: name.value.trim(), scopes, expires_at: until && `${until.toISOString().slice(0, 10)}T23:59:59Z` };
    if (told && told !== JSON.stringify(wanted)) once = freshKey();
    told = JSON.stringify(wanted);
    onmade(await post(path, wanted, { signal, idempotencyKey: once }));
    [once, told] = [freshKey(), ""];
    name.value = "";
  }, [
    field("Name", name, "What it is for; lists and the audit log show it."),
    field("Ends", ends),
    h("fieldset", null, h("legend", null, "What it may do"),
      h("div", { class: "row" },
        h("button", { type: "button", class: "tiny", onclick: () => all(true) }, "Everything"),
        h("button", { type: "button", class: "tiny", onclick: () => all(false) }, "Nothing")),
      h("div", { class: "ticks" }, boxes.map(([, box]) => box.node))),
  ], { label: "Make a key" });
  return node;
}

function stateOf(key) {
  if (key.revoked_at) return state("revoked");
  if (key.expires_at && Date.parse(key.expires_at) <= Date.now()) return h("span", { class: "state warn" }, "ended");
  return h("span", { class: "state good" }, "valid");
}
