// The HTTP side of a deployment: calls, uploads, and stored files.

import { createHash } from "node:crypto";

import { BadToken } from "./backend.mjs";

const LARGEST = 16 * 1024 * 1024 + 2000;

class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

/** Answers one request. */
export async function answer(loopback, request, response) {
  const { pathname, searchParams } = new URL(request.url, "http://loopback.invalid");
  // As the real one does: every origin and header is allowed.
  response.setHeader("access-control-allow-origin", request.headers.origin ?? "*");
  response.setHeader("access-control-allow-credentials", "true");
  response.setHeader("vary", "origin");
  try {
    if (request.method === "OPTIONS") {
      response.setHeader("access-control-allow-headers", request.headers["access-control-request-headers"] ?? "*");
      response.setHeader("access-control-allow-methods", "GET,POST,OPTIONS,PATCH,DELETE,PUT");
      response.setHeader("access-control-max-age", "86400");
      response.writeHead(200).end();
    } else if (pathname === "/__loopback") {
      const body = request.method === "POST" ? await bodyOf(request, LARGEST) : undefined;
      reply(response, 200, await loopback.control(body === undefined ? {} : JSON.parse(body)));
    } else if (request.method === "POST" && (pathname === "/api/query" || pathname === "/api/mutation")) {
      await call(loopback, pathname.slice("/api/".length), request, response);
    } else if (request.method === "POST" && pathname === "/api/storage/upload") {
      await upload(loopback, searchParams.get("token"), request, response);
    } else if (["GET", "HEAD"].includes(request.method) && pathname.startsWith("/api/storage/")) {
      await download(loopback, pathname.slice("/api/storage/".length), request, response);
    } else {
      throw new Refusal(404, "NotFound", `there is no ${request.method} ${pathname}`);
    }
  } catch (error) {
    if (response.headersSent || response.destroyed) return response.destroy();
    if (error instanceof BadToken) return reply(response, 401, { code: "Unauthenticated", message: error.message });
    if (error instanceof Refusal) return reply(response, error.status, { code: error.code, message: error.message });
    reply(response, 500, { code: "InternalServerError", message: String(error?.stack ?? error) });
  }
}

async function call(loopback, kind, request, response) {
  const { backend, counters, faults } = loopback;
  if (!/^application\/json\b/.test(request.headers["content-type"] ?? "")) {
    throw new Refusal(400, "BadJsonBody", "Expected request with `Content-Type: application/json`");
  }
  const client = request.headers["convex-client"];
  if (client !== undefined && !/^[A-Za-z][A-Za-z-]*-\d+\.\d+\.\d+/.test(client)) {
    throw new Refusal(400, "InvalidClientVersion", `${client} is no name and version`);
  }
  const body = await bodyOf(request, LARGEST);
  const { path, args } = parsed(body);
  if (typeof path !== "string") throw new Refusal(400, "BadJsonBody", "missing field `path`");
  const token = tokenOf(request);
  backend.check(token);

  await faults.pause("http", path);
  const fault = faults.take(["drop", "status"], "http", path);
  if (fault?.fault === "drop") return response.destroy();
  if (fault !== undefined) throw new Refusal(fault.status, codeOf(fault.status), "this goes wrong on purpose");

  const one = Array.isArray(args) ? args[0] : args;
  const result = await backend.alone(async () => {
    const result = await backend.callNow(kind, path, one, token);
    if (kind === "mutation" && result.status === "success") {
      loopback.tick();
      await loopback.updateAll();
    }
    return result;
  });
  const cut = faults.take(["cut"], "http", path) !== undefined;
  const text = JSON.stringify(result);
  counters.add("http", path, { calls: 1, received: body.length, sent: cut ? 0 : Buffer.byteLength(text) });
  if (cut) return response.destroy();
  reply(response, 200, text);
}

async function upload(loopback, token, request, response) {
  const { backend, counters, faults } = loopback;
  const path = "storage:upload";
  await faults.pause("http", path);
  const fault = faults.take(["drop", "status"], "http", path);
  if (fault?.fault === "drop") return response.destroy();
  if (fault !== undefined) throw new Refusal(fault.status, codeOf(fault.status), "this goes wrong on purpose");

  const bytes = await bodyOf(request, Infinity);
  const digest = /^sha-256=(.+)$/i.exec(request.headers.digest ?? "")?.[1];
  if (digest !== undefined && digest !== createHash("sha256").update(bytes).digest("base64")) {
    throw new Refusal(400, "DigestMismatch", "the bytes have another digest");
  }
  const storageId = await backend.upload(token, bytes, request.headers["content-type"] ?? "application/octet-stream");
  if (storageId === undefined) throw new Refusal(403, "InvalidUploadToken", "the upload address is not valid, or was used");
  counters.add("http", path, { calls: 1, received: bytes.length });
  if (faults.take(["cut"], "http", path) !== undefined) return response.destroy();
  reply(response, 200, { storageId });
}

async function download(loopback, hex, request, response) {
  const { backend, counters, faults } = loopback;
  const path = "storage:get";
  await faults.pause("http", path);
  const fault = faults.take(["drop", "status"], "http", path);
  if (fault?.fault === "drop") return response.destroy();
  if (fault !== undefined) throw new Refusal(fault.status, codeOf(fault.status), "this goes wrong on purpose");

  const file = /^[0-9a-f]{64}$/.test(hex) ? await backend.file(hex) : undefined;
  if (file === undefined) throw new Refusal(404, "NotFound", "there is no such file");
  const size = file.bytes.length;
  const range = rangeOf(request.headers.range, size);
  response.setHeader("accept-ranges", "bytes");
  response.setHeader("cache-control", "private, max-age=2592000, immutable");
  if (range === null) {
    response.setHeader("content-range", `bytes */${size}`);
    throw new Refusal(416, "RangeNotSatisfiable", "there are no such bytes");
  }
  const part = file.bytes.subarray(range?.from ?? 0, range?.to ?? size);
  const headers = { "content-type": file.mime, "content-length": part.length };
  if (range !== undefined) headers["content-range"] = `bytes ${range.from}-${range.to - 1}/${size}`;
  response.writeHead(range === undefined ? 200 : 206, headers);
  const cut = request.method === "GET" && faults.take(["cut"], "http", path) !== undefined;
  const sent = request.method === "HEAD" ? 0 : cut ? Math.floor(part.length / 2) : part.length;
  counters.add("http", path, { calls: 1, sent });
  if (!cut) return response.end(request.method === "HEAD" ? undefined : part);
  response.write(part.subarray(0, sent), () => response.destroy());
}

/** From and up to which byte; undefined: all; null: nothing of it is there. */
function rangeOf(header, size) {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined || (first === "" && last === "")) return undefined;
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  return from < to ? { from, to } : null;
}

function tokenOf(request) {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  const token = /^Bearer (.+)$/.exec(header)?.[1];
  if (token === undefined) throw new BadToken("the authorization is no bearer token");
  return token;
}

function parsed(body) {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new Refusal(400, "BadJsonBody", String(error));
  }
}

async function bodyOf(request, largest) {
  const pieces = [];
  let size = 0;
  for await (const piece of request) {
    size += piece.length;
    // Read to its end: an answer to a body that is still coming may never be heard.
    if (size <= largest) pieces.push(piece);
  }
  if (size > largest) throw new Refusal(413, "PayloadTooLarge", "the body is too large");
  return Buffer.concat(pieces);
}

function codeOf(status) {
  return { 401: "Unauthenticated", 408: "Timeout", 429: "RateLimited", 503: "Overloaded" }[status] ?? "Fault";
}

function reply(response, status, body) {
  response.setHeader("content-type", "application/json");
  response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
}
