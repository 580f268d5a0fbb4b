// The page of tests/conformance.

import assert from "node:assert/strict";

export const address = process.env.CONFORMANCE_URL;

/** A page that is to be the one of the cases. `page.assertNoProblems()` fails if it complained of anything. */
export async function newPage(context) {
  assert(address, "CONFORMANCE_URL is not set: cargo xtask test storage runs this");
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.assertNoProblems = () => assert.deepEqual(problems, []);
  return page;
}

/** Loads the cases into a page. */
export async function loadHarness(page) {
  await page.goto(address);
  await page.waitForFunction(() => window.ready);
}

/** A page with the cases in it. */
export async function openHarness(context) {
  const page = await newPage(context);
  await loadHarness(page);
  return page;
}

/** Opens a page and the database in it as the tab of that number. */
export async function openTab(context, name, number = 1) {
  const page = await openHarness(context);
  await openAs(page, name, number);
  return page;
}

/** Opens the database in a page. It is `window.tab` there. */
export async function openAs(page, name, number = 1) {
  await page.evaluate(async ([name, number]) => void (window.tab = await harness.Tab.open(name, number)), [name, number]);
}

/** What is stored, as the tab reads it. */
export async function stored(page) {
  return JSON.parse(await page.evaluate(() => tab.stored()));
}
