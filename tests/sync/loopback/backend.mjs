// The real functions over convex-test's database, with identities, stored bytes and a clock: a deployment without a network.

import { createHash } from "node:crypto";

import { makeFunctionReference } from "convex/server";
import { convexToJson, jsonToConvex } from "convex/values";

import { convexTest } from "./database.mjs";
import { modules, schema } from "./functions.mjs";

const ISSUER = "https://loopback.invalid";
const STORAGE = "https://some-deployment.convex.cloud/api/storage/";

/** The text by which the functions know the user of the token `test:<name>`. */
export function userOf(name) {
  return `${ISSUER}|${name}`;
}

/** A token of this deployment that has the form of a real one (a JWT, without a signature), for clients that look inside. */
export function tokenOf(name, { seconds = 3600 } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none", typ: "JWT" })}.${part({ iss: ISSUER, sub: name, aud: "atelier", iat: now, exp: now + seconds })}.`;
}

/** A token that is none of this deployment's, or no longer. */
export class BadToken extends Error {}

/** The user of a token. */
function nameOf(token) {
  const name = /^test:([A-Za-z0-9._-]+)$/.exec(token)?.[1];
  if (name !== undefined) return name;
  let claims;
  try {
    claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  } catch {
    throw new BadToken("the token is none of this deployment's");
  }
  if (claims.iss !== ISSUER || typeof claims.sub !== "string") throw new BadToken("the token is none of this deployment's");
  if (claims.exp * 1000 <= Date.now()) throw new BadToken("the token has expired");
  return claims.sub;
}

let ahead = 0;
const wall = Date.now;

/** Sets the clock of this process ahead, and with it that of the functions. */
export function setClockAhead(milliseconds) {
  ahead = milliseconds;
  Date.now = () => wall() + ahead;
}

export class Backend {
  /** Where stored bytes are asked for, without a slash at the end. */
  address = "http://loopback.invalid";
  #test;
  #chain = Promise.resolve();
  #files = new Map();
  #uploads = new Set();
  #expired = new Set();

  /** `limited`: a transaction that does more than Convex allows fails. */
  constructor({ limited = true } = {}) {
    this.#test = convexTest({ schema, modules, transactionLimits: limited });
  }

  /** The caller of a token; without one, nobody. */
  #as(token) {
    if (token === undefined || token === null || token === "") return this.#test;
    if (this.#expired.has(token)) throw new BadToken("the token has expired");
    const name = nameOf(token);
    return this.#test.withIdentity({ subject: name, issuer: ISSUER, tokenIdentifier: userOf(name) });
  }

  /** Takes no more calls with this token. */
  expire(token) {
    this.#expired.add(token);
  }

  /** Fails if it is no token of this deployment. */
  check(token) {
    this.#as(token);
  }

  /** Calls a public function with arguments as JSON. Answers as `POST /api/query` does; never throws for what a function throws. */
  call(kind, path, args, token) {
    return this.#alone(() => this.callNow(kind, path, args, token));
  }

  /** The same for who is in line already. */
  async callNow(kind, path, args, token) {
    const as = this.#as(token);
    try {
      await checkPublic(kind, path);
      const value = await as[kind](reference(path), jsonToConvex(args ?? {}));
      return { status: "success", value: this.#readdress(convexToJson(value ?? null)) };
    } catch (error) {
      const data = dataOf(error);
      const errorMessage = String(error?.message ?? error);
      return { status: "error", errorMessage, ...(data === undefined ? {} : { errorData: data }) };
    }
  }

  /** Calls an internal mutation, and what it has scheduled. */
  async internal(path, args = {}) {
    const value = await this.#alone(() => this.#test.mutation(reference(path), args));
    await this.settled();
    return value;
  }

  /** Waits for everything that was scheduled. */
  async settled() {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      await this.#alone(() => this.#test.finishInProgressScheduledFunctions());
      const waiting = await this.run((ctx) =>
        ctx.db.system.query("_scheduled_functions").collect(),
      );
      if (!waiting.some(({ state }) => state.kind === "pending" || state.kind === "inProgress")) return;
    }
  }

  /** Runs `look` with the database itself. */
  run(look) {
    return this.#alone(() => this.#test.run(look));
  }

  /** One after the other, as transactions are. */
  alone(task) {
    return this.#alone(task);
  }

  #alone(task) {
    const result = this.#chain.then(task);
    this.#chain = result.then(
      () => {},
      () => {},
    );
    return result;
  }

  /** Takes the bytes sent to an upload address. Undefined: the address was not given out, or was used. */
  async upload(token, bytes, mime) {
    if (!this.#uploads.delete(token)) return undefined;
    const sha256 = createHash("sha256").update(bytes).digest();
    const storageId = await this.run((ctx) => ctx.storage.store(new Blob([bytes], { type: mime })));
    this.#files.set(sha256.toString("hex"), { bytes, mime });
    return storageId;
  }

  /** The bytes of a file, as long as the deployment has them. */
  async file(hex) {
    const file = this.#files.get(hex);
    if (file === undefined) return undefined;
    const stored = await this.run((ctx) => ctx.db.system.query("_storage").collect());
    const digest = Buffer.from(hex, "hex").toString("base64");
    return stored.some(({ sha256 }) => sha256 === digest) ? file : undefined;
  }

  /** convex-test's addresses lead nowhere; these lead here. */
  #readdress(value) {
    if (Array.isArray(value)) return value.map((one) => this.#readdress(one));
    if (value === null || typeof value !== "object") return value;
    const copy = {};
    for (const [name, one] of Object.entries(value)) copy[name] = this.#readdress(one);
    if (typeof copy.url === "string" && copy.url.startsWith(STORAGE)) copy.url = this.#addressOf(copy.url);
    return copy;
  }

  #addressOf(url) {
    const rest = url.slice(STORAGE.length);
    const token = /^upload\?token=(.+)$/.exec(rest)?.[1];
    if (token !== undefined) {
      this.#uploads.add(token);
      return `${this.address}/api/storage/upload?token=${token}`;
    }
    return `${this.address}/api/storage/${Buffer.from(rest, "base64").toString("hex")}`;
  }
}

function reference(path) {
  return makeFunctionReference(path.replace(/\.js(?=:)/, ""));
}

/** convex-test calls whatever there is. Clients call what is public, as what it is. */
async function checkPublic(kind, path) {
  const [, file, name] = /^([^:]+?)(?:\.js)?:([^:]+)$/.exec(path) ?? [];
  const found = (await modules[`./functions/${file}.ts`]?.())?.[name];
  if (found?.isPublic !== true) throw new Error(`Could not find public function for '${path}'.`);
  if ((kind === "query") !== (found.isQuery === true)) throw new Error(`'${path}' is no ${kind}.`);
}

/** The data of a ConvexError, which convex-test hands over as text. */
function dataOf(error) {
  if (error?.data === undefined) return undefined;
  if (typeof error.data !== "string") return convexToJson(error.data);
  try {
    return JSON.parse(error.data);
  } catch {
    return error.data;
  }
}
