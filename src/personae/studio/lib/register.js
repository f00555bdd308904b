// People who are never swapped: one's own entries, and for operators everybody's.

import { h, fill } from "./dom.js";
import { call, get, post, remove, upload } from "./api.js";
import { time } from "./format.js";
import { filters, form, line, part } from "./forms.js";
import { go } from "./router.js";
import { session } from "./session.js";
import { actButton, choice, empty, field, listing, sure, table, toast } from "./ui.js";

export const APPLIES = [["either", "Neither donor nor scene"], ["donor", "Not the donor"], ["scene", "Not a face of the scene"]];
const words = (one) => APPLIES.find(([name]) => name === one)?.[1] ?? one;

/** The fields of an entry. */
export function entryFields() {
  const photos = h("input", { type: "file", accept: "image/*", multiple: true, required: true });
  const name = line({ maxlength: 200 });
  const applies = choice(APPLIES, { value: "either" });
  const reason = line({ maxlength: 500, placeholder: "Asked not to be swapped." });
  const origin = line({ maxlength: 200, placeholder: "opt-out" });
  const ends = h("input", { type: "date" });
  return {
    photos,
    values: () => ({ name: name.value.trim(), applies_to: applies.value, reason: reason.value.trim(), origin: origin.value.trim(), ends: ends.value }),
    parts: [
      field("Photos", photos, "Of this person alone; several from different sides work best. They are not kept."),
      field("Name (optional)", name, "It may be made up; it only helps to find the entry."),
      field("What they may not be", applies), field("Reason (optional)", reason),
      field("Where the entry comes from (optional)", origin), field("Ends by itself on (optional)", ends),
    ],
  };
}

/** Say that an entry was made, and what is not ideal about its photos. */
export function entryMade(box, made) {
  fill(box, h("div", { class: `told ${made.warnings.length ? "warn" : "good"}`, role: "status" },
    h("p", null, "The entry is made. It holds from the next task on."), made.warnings.map((one) => h("p", null, one))));
}

/** The entries, to be searched. */
export function entries({ path, place, query, signal, changeable, all }) {
  const search = h("input", { type: "search", maxlength: 200, value: query.get("person") ?? "" });
  const rest = () => Object.fromEntries([...query].filter(([name]) => name !== "person"));
  const page = (cursor) => get(path, { query: { q: query.get("person"), limit: 20, cursor }, signal });
  const heads = ["Name", "May be", { head: "Photos", number: true }, "Reason", "Ends", "Since", ...(all ? ["For"] : []), ""];
  return [
    filters([field("Search", search), h("button", null, "Search")], () => go(place, { ...rest(), person: search.value.trim() })),
    listing(page, {
      row: (one) => [one.name || "(no name)", words(one.applies_to), one.faces, [one.reason, one.origin].filter(Boolean).join(" · ") || "–",
        one.expires_at ? time(one.expires_at) : "never", time(one.created_at),
        ...(all ? [one.tenant_id ? h("code", null, one.tenant_id) : "everybody"] : []),
        changeable && actButton("Remove", async (event) => {
          if (!await sure(`Remove ${one.name || "this entry"}?`, "What is known of the face is deleted at once, and tasks may show this person again.", "Remove")) return;
          await remove(`${path}/${one.id}`, { signal });
          toast("Removed.");
          go(place, { ...rest(), person: search.value.trim(), at: Date.now() });
        }, { class: "danger tiny", "aria-label": `Remove ${one.name || one.id}` })],
      none: empty(query.get("person") ? "Nobody of that name. Clear the search to see all." : "Nobody is in it."),
      wrap: (rows) => table("People who are never swapped", heads, rows),
    }),
  ];
}

/** One's own entries: they hold for one's own tasks alone. */
export function ownRegister(query, signal) {
  const may = session.can("register:write");
  const told = h("div");
  const { photos, values, parts } = entryFields();
  const add = form("Add this person", async () => {
    const { ends, ...rest } = values();
    const stored = [];
    try {
      for (const photo of photos.files) stored.push(await upload(photo, { signal }));
      const body = { ...rest, asset_ids: stored.map((one) => one.id), ...(ends && { expires_at: `${ends}T23:59:59Z` }) };
      entryMade(told, await post("/register/people", body, { signal }));
    } finally {
      // The register keeps no photo, so neither do we.
      await Promise.allSettled(stored.map((one) => call("DELETE", `/assets/${one.id}`)));
    }
    add.reset();
    refill();
  }, parts, { label: "Add a person" });
  const list = h("div");
  const refill = () => fill(list, entries({ path: "/register/people", place: "/account", query, signal, changeable: may }));
  refill();
  return part("People who are never swapped",
    h("p", { class: "soft" }, "Your own list: your tasks are refused that would show them. Nobody else knows of it."),
    told, list, may && session.can("assets:write") && h("details", null, h("summary", null, "Add a person"), add));
}
