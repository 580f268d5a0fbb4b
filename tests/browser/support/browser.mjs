// A browser to test in: Chromium, with nothing in it that talks to anybody by itself.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const options = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};

export const viewport = { width: 1280, height: 800 };

/** A browser of its own, whose contexts forget everything. */
export const launch = (own) => chromium.launch({ ...options, ...own });

let shared;

/** Most tests look at what the app asks its host for, which it does not do where the browser keeps it. */
const more = { viewport, serviceWorkers: "block" };

/** A context that nobody has used, in a browser that the tests of one file share. It forgets everything when it closes. */
export async function freshContext(t, options) {
  shared ??= launch();
  const context = await (await shared).newContext({ ...more, ...options });
  t.after(() => context.close());
  return context;
}

/** Ends the shared browser. Goes into `after` of each file: Node waits for the process otherwise. */
export async function closeBrowser() {
  await (await shared)?.close();
  shared = undefined;
}

/** A folder for a profile on the disk; it goes when the test ends. */
export async function profileFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), "atelier-profile-"));
  t?.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A browser of its own that keeps what it stores in `folder`, as a user's does. */
export function persistentContext(folder, own = {}) {
  return chromium.launchPersistentContext(folder, { ...options, ...more, ...own, args: [...options.args, ...(own.args ?? [])] });
}

/** The id of the browser's process. */
export async function browserProcess(context) {
  const session = await context.browser().newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return processInfo.find(({ type }) => type === "browser").id;
}

/** Ends the browser's process without a word. */
export async function kill(context) {
  const id = await browserProcess(context);
  const closed = new Promise((done) => context.on("close", done));
  process.kill(id, "SIGKILL");
  await closed;
}

/** Ends the process of a page, as when it runs out of memory. Its workers go with it; the page stays, and shows that it has crashed. */
export async function crash(page) {
  const crashed = page.waitForEvent("crash", { timeout: 20_000 });
  const devtools = await page.context().newCDPSession(page);
  devtools.send("Page.crash").catch(() => {});
  await crashed;
}
