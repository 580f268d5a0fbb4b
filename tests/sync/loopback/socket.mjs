// The WebSocket of a deployment: subscriptions, mutations and identities of one connection.

import { BadToken } from "./backend.mjs";

const PING = 15_000;

function encode(ts) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(ts);
  return bytes.toString("base64");
}

export class Connection {
  #loopback;
  #socket;
  #token;
  #session = "";
  #queries = new Map();
  #removed = [];
  /** What the client knows, and what it will know with the next transition. */
  #known = { querySet: 0, identity: 0, ts: 0n };
  #querySet = 0;
  #identity = 0;

  constructor(loopback, socket) {
    this.#loopback = loopback;
    this.#socket = socket;
    const ping = setInterval(() => this.#send({ type: "Ping" }), PING);
    socket.on("close", () => {
      clearInterval(ping);
      loopback.connections.delete(this);
    });
    socket.on("error", () => socket.terminate());
    socket.on("message", (data) => {
      const text = String(data);
      loopback.backend.alone(() => this.#receive(text)).catch((error) => this.#fail(String(error?.message ?? error)));
    });
  }

  close() {
    this.#socket.terminate();
  }

  #send(message, path = "transport") {
    if (this.#socket.readyState !== 1) return;
    const text = JSON.stringify(message);
    this.#loopback.counters.add("socket", path, { sent: Buffer.byteLength(text) });
    this.#socket.send(text);
  }

  #fail(error) {
    this.#send({ type: "FatalError", error });
    this.#socket.close();
  }

  async #receive(text) {
    const message = JSON.parse(text);
    const path = message.type === "Mutation" ? message.udfPath : "transport";
    this.#loopback.counters.add("socket", path, { received: Buffer.byteLength(text) });
    switch (message.type) {
      case "Connect":
        return this.#connect(message);
      case "Authenticate":
        return await this.#authenticate(message);
      case "ModifyQuerySet":
        return await this.#modify(message);
      case "Mutation":
        return await this.#mutate(message);
      case "Event":
        return;
      default:
        return this.#fail(`${message.type} is not understood`);
    }
  }

  #connect({ sessionId, maxObservedTimestamp }) {
    this.#session = sessionId;
    if (maxObservedTimestamp === undefined) return;
    // As a deployment that was set back does: it would show the client an older state than it has seen.
    if (Buffer.from(maxObservedTimestamp, "base64").readBigUInt64LE() > this.#loopback.ts) this.close();
  }

  async #authenticate({ baseVersion, tokenType, value }) {
    if (baseVersion !== this.#identity) return this.#fail(`identity: version ${baseVersion} instead of ${this.#identity}`);
    const token = tokenType === "User" ? value : undefined;
    try {
      this.#loopback.backend.check(token);
    } catch (error) {
      if (!(error instanceof BadToken)) throw error;
      this.#send({ type: "AuthError", error: error.message, baseVersion, authUpdateAttempted: true });
      this.#socket.close();
      return;
    }
    this.#token = token;
    this.#identity += 1;
    await this.update();
  }

  async #modify({ baseVersion, newVersion, modifications }) {
    if (baseVersion !== this.#querySet) return this.#fail(`query set: version ${baseVersion} instead of ${this.#querySet}`);
    for (const change of modifications) {
      if (change.type === "Add") {
        this.#queries.set(change.queryId, { path: change.udfPath, args: change.args[0], last: undefined });
      } else {
        this.#queries.delete(change.queryId);
        this.#removed.push(change.queryId);
      }
    }
    this.#querySet = newVersion;
    await this.update();
  }

  async #mutate({ requestId, udfPath, args }) {
    const { backend, counters, faults, sessions } = this.#loopback;
    await faults.pause("socket", udfPath);
    if (faults.take(["drop"], "socket", udfPath) !== undefined) return this.close();
    // A mutation that succeeded runs once, however often a session sends it.
    const key = `${this.#session}/${requestId}`;
    let answer = sessions.get(key);
    const fresh = answer === undefined;
    if (fresh) {
      counters.add("socket", udfPath, { calls: 1 });
      const result = await backend.callNow("mutation", udfPath, args[0], this.#token);
      answer = { type: "MutationResponse", requestId, logLines: [] };
      if (result.status === "success") {
        Object.assign(answer, { success: true, result: result.value, ts: encode(this.#loopback.tick()) });
        sessions.set(key, answer);
      } else {
        Object.assign(answer, { success: false, result: result.errorMessage });
        if (result.errorData !== undefined) answer.errorData = result.errorData;
      }
    }
    if (faults.take(["cut"], "socket", udfPath) !== undefined) this.close();
    else this.#send(answer, udfPath);
    if (answer.success) await (fresh ? this.#loopback.updateAll() : this.update());
  }

  /** Runs every subscribed query and sends what changed. */
  async update() {
    const { backend, ts } = this.#loopback;
    const modifications = this.#removed.splice(0).map((queryId) => ({ type: "QueryRemoved", queryId }));
    let fault;
    const end = { querySet: this.#querySet, identity: this.#identity, ts };
    for (const [queryId, query] of this.#queries) {
      let answer;
      try {
        answer = await backend.callNow("query", query.path, query.args, this.#token);
      } catch (error) {
        if (!(error instanceof BadToken)) throw error;
        this.#send({ type: "AuthError", error: error.message, baseVersion: this.#identity, authUpdateAttempted: false });
        return this.#socket.close();
      }
      const text = JSON.stringify(answer);
      if (query.last === text) continue;
      query.last = text;
      fault ??= this.#loopback.faults.take(["cut", "say"], "socket", query.path);
      modifications.push(
        answer.status === "success"
          ? { type: "QueryUpdated", queryId, value: answer.value, logLines: [], journal: null }
          : {
              type: "QueryFailed",
              queryId,
              errorMessage: answer.errorMessage,
              ...(answer.errorData === undefined ? {} : { errorData: answer.errorData }),
              logLines: [],
              journal: null,
            },
      );
    }
    if (fault?.fault === "cut") return this.close();
    if (fault?.fault === "say") return this.#socket.send(fault.text);
    const version = ({ querySet, identity, ts: at }) => ({ querySet, identity, ts: encode(at) });
    this.#transition({
      type: "Transition",
      startVersion: version(this.#known),
      endVersion: version(end),
      modifications,
      clientClockSkew: null,
      serverTs: null,
    });
    this.#known = end;
  }

  #transition(transition) {
    const chunked = this.#loopback.faults.take(["chunked"], "socket", "transport");
    if (chunked === undefined) return this.#send(transition);
    // In code points, so that no piece ends within one.
    const points = Array.from(JSON.stringify(transition));
    const totalParts = Math.min(chunked.parts ?? 3, points.length);
    const size = Math.ceil(points.length / totalParts);
    const transitionId = `transition-${this.#loopback.tick()}`;
    for (let partNumber = 0; partNumber < totalParts; partNumber++) {
      const chunk = points.slice(partNumber * size, (partNumber + 1) * size).join("");
      this.#send({ type: "TransitionChunk", chunk, partNumber, totalParts, transitionId });
    }
  }
}
