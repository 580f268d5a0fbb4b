// The contract over IndexedDB: each case of tests/conformance in a page and a database of its own.

import { after, test } from "node:test";
import { closeBrowser, freshContext } from "../support/browser.mjs";
import { openHarness } from "./harness.mjs";

after(closeBrowser);

/** The page itself knows its cases. */
async function allNames() {
  let close;
  const page = await openHarness(await freshContext({ after: (end) => (close = end) }));
  const names = await page.evaluate(() => harness.names());
  await close();
  return names;
}


for (const name of await allNames()) {
  test(name.replaceAll("_", " "), async (t) => {
    const page = await openHarness(await freshContext(t));
    // What a case rejects with is where it failed and why.
    const failure = await page.evaluate((name) => harness.run(name).then(() => null, String), name);
    if (failure !== null) throw new Error(failure);
    page.assertNoProblems();
  });
}
