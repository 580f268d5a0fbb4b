// node tests/sync/loopback/main.mjs [--port N] [--anonymous] [--unlimited]
//
// A deployment on 127.0.0.1 that forgets everything when it ends. Tokens are `test:<name>`. `GET /__loopback` counts calls and bytes;
// `POST /__loopback` takes {"faults": […], "clear", "reset", "expire": token, "disconnect", "clockAhead": ms, "anonymous", "call": {path, args}}.
// The last line of its output is its address.

import { parseArgs } from "node:util";

import { setAnonymous, startLoopback } from "./index.mjs";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    anonymous: { type: "boolean", default: false },
    unlimited: { type: "boolean", default: false },
  },
});
setAnonymous(values.anonymous);
const loopback = await startLoopback({ port: Number(values.port), limited: !values.unlimited });
console.log(loopback.url);
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(0));
