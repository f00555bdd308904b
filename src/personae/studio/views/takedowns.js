// For operators: taking things down, what was taken down, and letting a file be used again.

import { h, fill } from "../lib/dom.js";
import { get, post, remove } from "../lib/api.js";
import { counted, time } from "../lib/format.js";
import { form, line, part } from "../lib/forms.js";
import { choice, empty, facts, field, listing, state, sure, table, tick, toast } from "../lib/ui.js";

export const title = "Takedowns";

const AS = [["", "No"], ["either", "Yes: neither donor nor scene"], ["donor", "Yes: not the donor"], ["scene", "Yes: not a face of the scene"]];

export function show({ signal }) {
  const list = h("div");
  const page = (cursor) => get("/admin/takedowns", { query: { limit: 20, cursor }, signal });
  const refill = () => fill(list, listing(page, {
    row: (one) => [h("code", null, one.subject), one.reason, state(one.state === "done" ? "done" : "under way"), sums(one), time(one.created_at), more(one)],
    none: empty("Nothing was taken down yet."),
    wrap: (rows) => table("Takedowns", ["What", "Why", "State", "Removed", "When", "More"], rows),
  }));
  refill();
  return h("div", null, part("Take something down", takeForm(signal, refill)), part("What was taken down", list), unblockPart(signal));
}

const sums = (one) => [[one.tasks, "task"], [one.assets, "file"], [one.faces, "face"]].filter(([all]) => all.length)
  .map(([all, words]) => counted(all.length, words)).join(", ") || "nothing was left";

const names = (all) => (all.length ? h("ul", { class: "plain-list" }, all.map((one) => h("li", null, h("code", null, one)))) : "–");

const more = (one) => h("details", null, h("summary", null, "Details"), facts([
  ["By", h("code", null, one.requested_by)], ["Whose", names(one.tenants)], ["Tasks", names(one.tasks)], ["Files", names(one.assets)],
  ["Blocked", names(one.blocked)], ["Registered", names(one.registered)],
  ["Swaps of the same inputs that stay", names(one.other_tasks)], ["Inputs that are elsewhere", one.unstored_inputs],
  ["Credits given back", one.credits_released], one.last_failure && ["Last failure", one.last_failure],
]));

function takeForm(signal, refill) {
  const subject = line({ required: true, maxlength: 4096, placeholder: "task_…, asset_…, a link, sha256:… or mark:…" });
  const reason = line({ required: true, maxlength: 1000, placeholder: "The person shown asked for it." });
  const everywhere = tick("Also other tenants' files with the same bytes", { checked: true });
  const block = tick("Let nobody use these bytes again", { checked: true });
  const all = tick("Also the finished swaps that were made of the same inputs", { checked: false });
  const as = choice(AS, { value: "" });
  const told = h("div");
  const node = form("Take it down", async () => {
    const wanted = {
      subject: subject.value.trim(), reason: reason.value.trim(), everywhere: everywhere.input.checked,
      block: block.input.checked, all_of_inputs: all.input.checked, ...(as.value && { register_as: as.value }),
    };
    if (!await sure("Take it down?", "It is gone for everybody at once, with its inputs, previews and saved faces, and cannot be brought back.", "Take it down")) return;
    const done = await post("/admin/takedowns", wanted, { signal });
    fill(told, h("div", { class: "told good", role: "status" }, h("p", null, `Taken down: ${sums(done)}. Nobody finds it any more; its bytes are gone within half a minute.`)));
    node.reset();
    refill();
  }, [
    field("What", subject, "The id of a task, a file or a saved face; a link to a file, also an expired one; sha256: and a hash; mark: and the number that a file carries."),
    field("Why", reason, "Kept with the takedown; its tenant does not read it."),
    h("fieldset", null, h("legend", null, "How far"), everywhere.node, block.node, all.node),
    field("Put the donors into the do-not-swap register", as),
  ], { kind: "danger", label: "Take something down" });
  return [told, node];
}

function unblockPart(signal) {
  const hash = line({ required: true, maxlength: 64, pattern: "[0-9a-f]{64}", title: "64 hex digits, in small letters" });
  const node = form("Unblock", async () => {
    await remove(`/admin/blocked-files/${hash.value.trim()}`, { signal });
    toast("The file may be used again.");
    node.reset();
  }, field("SHA-256 of the file", hash), { kind: "", label: "Let a file be used again" });
  return part("Let a file be used again", node);
}
