// The service's own API (`/native/v1`), with the key that is signed in.

import { ApiError } from "./errors.js";
import { session } from "./session.js";

const BASE = "/native/v1";
// The service breaks a silence with a comment every 15 seconds unless it is set otherwise.
const SILENCE_MS = 60_000;

/**
 * Call the API.
 * @param {string} method
 * @param {string} path below /native/v1, e.g. "/swaps"
 * @param {Object} [options] `query` (values may be lists; null is left out), `json`, `body`,
 *   `headers`, `signal`, `key` (another one than the session's), `idempotencyKey`
 * @returns {Promise<any>} the parsed JSON, or null for an empty answer
 * @throws {ApiError} whatever is no success; AbortError when `signal` says so
 */
export async function call(method, path, options = {}) {
  const response = await send(method, path, options);
  if (response.status === 204) return null;
  const text = await response.text();
  return text ? parsed(text) : null;
}

const parsed = (text) => JSON.parse(text, (name, value) => (/^(manifest_)?url$/.test(name) ? reachable(value) : value));

/**
 * The address at which this browser reaches a file of the service's own storage. Those are signed
 * under the name that the operator's settings give the service, which may be of no use to whoever
 * came by another (localhost, a tunnel, the local network); the signature does not cover it.
 */
function reachable(value) {
  if (typeof value !== "string" || !/^https?:/.test(value)) return value;
  const told = new URL(value);
  const own = told.pathname.startsWith("/blobs/") && ["op", "exp", "sig"].every((one) => told.searchParams.has(one));
  return own ? location.origin + told.pathname + told.search : value;
}

export async function send(method, path, { query, json, body, headers = {}, signal, key, idempotencyKey } = {}) {
  const url = new URL(BASE + path, location.origin);
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined && one !== "") url.searchParams.append(name, one);
    }
  }
  const sent = { Authorization: `Bearer ${key ?? session.key}`, ...headers };
  if (json !== undefined) sent["Content-Type"] = "application/json";
  if (idempotencyKey) sent["Idempotency-Key"] = idempotencyKey;
  let response;
  try {
    response = await fetch(url, {
      method, headers: sent, signal, body: json === undefined ? body : JSON.stringify(json),
      credentials: "omit", cache: "no-store", redirect: "error",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError({ detail: "The service cannot be reached." });
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response) {
  let problem = null;
  try {
    problem = await response.json();
  } catch { /* Not from the service itself: a proxy, perhaps. */ }
  const error = new ApiError({
    status: response.status,
    code: problem?.code ?? (response.status >= 500 ? "internal" : "invalid_request"),
    detail: problem?.detail ?? problem?.title ?? `The service answered ${response.status}.`,
    requestId: problem?.request_id ?? response.headers.get("X-Request-Id") ?? "",
    retryAfterS: Number(response.headers.get("Retry-After")) || null,
    problem,
  });
  if (response.status === 401) document.dispatchEvent(new CustomEvent("signed-out", { detail: error }));
  return error;
}

export const get = (path, options) => call("GET", path, options);
export const post = (path, json, options) => call("POST", path, { json, ...options });
export const put = (path, json, options) => call("PUT", path, { json, ...options });
export const patch = (path, json, options) => call("PATCH", path, { json, ...options });
export const remove = (path, options) => call("DELETE", path, options);

/** A fresh idempotency key: keep it for as long as the same request is tried again. */
export const freshKey = () => `studio-${crypto.randomUUID?.() ?? Array.from(
  crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("")}`;

/** Every item of a listing, page by page, as they are asked for. */
export async function* items(path, options = {}) {
  let cursor = null;
  do {
    const page = await get(path, { ...options, query: { ...options.query, cursor } });
    yield* page.items;
    cursor = page.next_cursor;
  } while (cursor);
}

/** Look at the key and the account again, and tell everybody who shows them. */
export async function refreshAccount() {
  const key = await get("/keys/current");
  // An operator's key has no account, and others may not be allowed to look at theirs.
  const account = key.scopes.includes("account:read") ? await get("/account") : { id: key.tenant_id, name: key.tenant_name, balance: null };
  session.update({ ...account, key_id: key.id, scopes: key.scopes, operator: key.operator, service: key.service });
  return session.account;
}

/**
 * Upload a file straight to the storage.
 * @param {File|Blob} file
 * @param {{onprogress?: (share: number) => void, signal?: AbortSignal, name?: string}} [options]
 * @returns {Promise<Object>} the asset, measured
 */
export async function upload(file, { onprogress, signal, name } = {}) {
  const wanted = {
    content_type: file.type || "application/octet-stream",
    size_bytes: file.size,
    filename: (name ?? file.name ?? "file").replace(/[\x00-\x1f\x7f/\\]/g, "_").slice(-200),
  };
  const told = await post("/assets/uploads", wanted, { signal });
  await putFile(told, file, onprogress, signal);
  return post(`/assets/${told.asset.id}/complete`, undefined, { signal });
}

function putFile(told, file, onprogress, signal) {
  // fetch() tells nothing of how far an upload is, so this is the one place for the older way.
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    signal?.addEventListener("abort", stop, { once: true });
    request.open(told.method, told.url);
    for (const [header, value] of Object.entries(told.headers)) request.setRequestHeader(header, value);
    request.upload.onprogress = (event) => event.lengthComputable && onprogress?.(event.loaded / event.total);
    request.onabort = () => reject(new DOMException("Stopped", "AbortError"));
    request.onerror = () => reject(new ApiError({
      detail: "The file could not be sent to the storage. If it keeps failing, the storage may not allow "
        + "this address (its CORS rules): ask the operator.",
    }));
    request.onload = () => {
      signal?.removeEventListener("abort", stop);
      if (request.status < 300) resolve();
      else reject(new ApiError({ status: request.status, code: "upload_failed", detail: storageWords(request) }));
    };
    request.send(file);
  });
}

function storageWords(request) {
  try {
    return JSON.parse(request.responseText).detail;
  } catch {
    return `The storage answered ${request.status}. Choose the file again to get a fresh address.`;
  }
}

/**
 * Follow a task by server-sent events until it has ended, through broken connections.
 * (EventSource cannot send a key, hence the reading by hand.)
 * @param {string} taskId
 * @param {(task: Object) => void} onTask told of every change
 * @param {AbortSignal} signal
 * @returns {Promise<Object>} the task as it ended
 */
export async function watch(taskId, onTask, signal, onQuiet = () => {}) {
  let last = null;
  let lastId = "";
  let pause = 500;
  for (;;) {
    try {
      const headers = { Accept: "text/event-stream", ...(lastId && { "Last-Event-ID": lastId }) };
      const response = await send("GET", `/swaps/${taskId}/events`, { headers, signal });
      if (response.status === 204 && last) return last;
      for await (const { id, data } of eventsIn(response.body)) {
        [last, lastId, pause] = [parsed(data), id || lastId, 500];
        onTask(last);
      }
      if (last && ["succeeded", "failed", "canceled"].includes(last.status)) return last;
    } catch (error) {
      const passing = error.name !== "AbortError" && (!error.status || error.status >= 500 || error.status === 429);
      if (error instanceof ApiError || error.name === "AbortError") {
        if (!passing) throw error;
      }
      onQuiet(error);
    }
    await sleep(pause, signal);
    pause = Math.min(10_000, pause * 2);
  }
}

async function* eventsIn(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await soon(reader);
    if (done) return;
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) {
      const event = { id: "", data: [] };
      for (const line of block.split(/\r?\n/)) {
        if (line.startsWith("data:")) event.data.push(line.slice(5).trimStart());
        else if (line.startsWith("id:")) event.id = line.slice(3).trim();
      }
      if (event.data.length) yield { id: event.id, data: event.data.join("\n") };
    }
  }
}

/** What comes next; a laptop that slept or a silent proxy leaves connections that never say more. */
async function soon(reader) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new TypeError("Nothing was heard for too long")), SILENCE_MS);
  });
  try {
    return await Promise.race([reader.read(), late]);
  } catch (error) {
    reader.cancel().catch(() => {});
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Wait, unless `signal` says stop. */
export function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("Stopped", "AbortError"));
    }, { once: true });
  });
}
