// The contract over IndexedDB in the engine that ATELIER_ENGINE names: each case of tests/conformance in a page that nobody has used.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { engine, launch } from "./support/engines.mjs";

const address = process.env.CONFORMANCE_URL;
assert(address, "CONFORMANCE_URL is not set: cargo xtask test --full engines runs this");

const ends = [];
const browser = await launch({ after: (end) => ends.push(end) });
after(async () => {
  for (const end of ends) await end();
});

async function openHarness() {
  await browser.first.goto(address);
  await browser.first.waitFor(() => window.ready === true);
}

await openHarness();
for (const name of await browser.first.evaluate(() => harness.names())) {
  test(`${engine}: ${name.replaceAll("_", " ")}`, async () => {
    await openHarness();
    // What a case rejects with is where it failed and why.
    await browser.first.evaluate((name) => harness.run(name), name);
  });
}
