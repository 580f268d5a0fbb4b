// The contract over IndexedDB: each case of tests/conformance in a page and a database of its own.

import { after, test } from "node:test";
import { closeBrowser, freshContext } from "../support/browser.mjs";
import { openHarness } from "./harness.mjs";

// The context is shared, so that the code is compiled once.
const context = await freshContext({ after });
after(closeBrowser);

/** The page itself knows its cases. */
async function allNames() {
  const page = await openHarness(context);
  const names = await page.evaluate(() => harness.names());
  await page.close();
  return names;
}

for (const name of await allNames()) {
  test(name.replaceAll("_", " "), async () => {
    const page = await openHarness(context);
    // What a case rejects with is where it failed and why.
    const failure = await page.evaluate((name) => harness.run(name).then(() => null, String), name);
    if (failure !== null) throw new Error(failure);
    page.assertNoProblems();
    await page.close();
  });
}
