// Swap a face from JavaScript with nothing but fetch (Node 18 or later; no packages).
//
//     export PERSONAE_URL=http://127.0.0.1:8000 PERSONAE_API_KEY=pk_…
//     node examples/fetch.mjs scene.mp4 donor.jpg out.mp4

import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { basename } from "node:path";

const [scenePath, donorPath, outputPath] = process.argv.slice(2);
const api = `${process.env.PERSONAE_URL ?? "http://127.0.0.1:8000"}/native/v1`;
const key = { Authorization: `Bearer ${process.env.PERSONAE_API_KEY}` };

/** Call the API; its answer, or an error with the problem's own sentence. */
async function call(method, path, body) {
  const headers = { ...key };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    headers["Idempotency-Key"] = randomUUID();
  }
  const answer = await fetch(api + path, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) {
    const problem = await answer.json();
    throw new Error(`${problem.detail} (${problem.code}, ${problem.request_id})`);
  }
  return answer;
}

const json = async (...asked) => (await call(...asked)).json();

/** Send a file straight to storage: reserve, PUT, complete. */
async function upload(path) {
  const bytes = await readFile(path);
  const reserved = await json("POST", "/assets/uploads", {
    filename: basename(path),
    content_type: "application/octet-stream",
    size_bytes: bytes.length,
  });
  // The URL is the permission: the key stays at home.
  const put = await fetch(reserved.url, { method: "PUT", headers: reserved.headers, body: bytes });
  if (!put.ok) throw new Error(`Storage answered ${put.status} to ${path}.`);
  return json("POST", `/assets/${reserved.asset.id}/complete`);
}

/** Follow a swap by its server-sent events; its last state. */
async function watch(id) {
  let task = null;
  let seen = "";
  while (!task || ["queued", "running"].includes(task.status)) {
    const headers = { ...key, ...(seen && { "Last-Event-ID": seen }) };
    try {
      const answer = await fetch(`${api}/swaps/${id}/events`, { headers });
      if (!answer.ok || answer.status === 204) return json("GET", `/swaps/${id}?wait=30`);
      let text = "";
      for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
        text += piece.replaceAll("\r", "");
        const events = text.split("\n\n");
        text = events.pop();
        for (const event of events) {
          const data = event.match(/^data: ?(.*)$/m);
          if (!data) continue; // A ping.
          task = JSON.parse(data[1]);
          seen = event.match(/^id: ?(.*)$/m)?.[1] ?? seen;
          console.log(`${task.status}: ${task.progress.percent.toFixed(0)} %`);
        }
      }
    } catch (error) {
      console.error(`The stream broke off (${error.message}); going on.`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
  return task;
}

if (!outputPath) {
  console.error("Usage: node fetch.mjs SCENE DONOR OUTPUT");
  process.exit(2);
}
try {
  const [scene, donor] = [await upload(scenePath), await upload(donorPath)];
  const submitted = await json("POST", "/swaps", {
    media: scene.facts.kind === "picture" ? "image" : "video",
    scene: { asset_id: scene.id },
    mappings: [
      { donor: { photos: [{ asset_id: donor.id }] }, scene_face: { by: "largest" } },
    ],
  });
  const task = await watch(submitted.id);
  if (task.status !== "succeeded") throw new Error(task.error?.message ?? `It was ${task.status}.`);
  const output = await fetch(task.result.outputs[0].url);
  if (!output.ok) throw new Error(`Storage answered ${output.status}.`);
  await writeFile(`${outputPath}.part`, Buffer.from(await output.arrayBuffer()));
  await rename(`${outputPath}.part`, outputPath);
  console.log(`saved as ${outputPath}`);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
