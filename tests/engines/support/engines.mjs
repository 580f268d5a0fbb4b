// The three engines that the web app runs in, each as its makers or Debian ship it, with a profile of its own.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MarionetteDriver } from "./marionette.mjs";
import { Browser } from "./page.mjs";
import { HttpDriver } from "./webdriver.mjs";

/** How long a browser may take to start. */
const PATIENCE = 30_000;

/** How each engine is started: `start(folders, t)` gives the driver. What it gives to `t` ends with the test, the last first. */
const ENGINES = {
  async chromium({ downloads }, started) {
    const port = await freePort();
    started(run("chromedriver", [`--port=${port}`]));
    const binary = process.env.CHROMIUM ?? "/usr/bin/chromium";
    const args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"];
    return connected(port, { "goog:chromeOptions": { binary, args, prefs: { "download.default_directory": downloads } } });
  },

  async firefox({ profile, downloads }, started) {
    const preferences = {
      // Any free one.
      "marionette.port": 0,
      "browser.download.folderList": 2,
      "browser.download.dir": downloads,
      "browser.shell.checkDefaultBrowser": false,
      "datareporting.policy.dataSubmissionEnabled": false,
      "network.captive-portal-service.enabled": false,
      "network.connectivity-service.enabled": false,
    };
    const lines = Object.entries(preferences).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`);
    await writeFile(join(profile, "user.js"), lines.join(""));
    started(run(process.env.FIREFOX ?? "firefox-esr", ["--marionette", "--headless", "--no-remote", "--profile", profile]));
    const port = await until(() => readFile(join(profile, "MarionetteActivePort"), "utf8"), "Firefox does not start");
    return MarionetteDriver.connect(Number(port), {});
  },

  async webkit({ profile, downloads }, started) {
    // Where it puts what is downloaded is the desktop's matter.
    await writeFile(join(profile, "user-dirs.dirs"), `XDG_DOWNLOAD_DIR="${downloads}"\n`);
    const port = await freePort();
    started(run("WebKitWebDriver", [`--port=${port}`], { XDG_CONFIG_HOME: profile, HOME: profile }));
    // It knows the browser that belongs to it.
    return connected(port, {});
  },
};

/** The engine that is tested. */
export const engine = process.env.ATELIER_ENGINE ?? "chromium";

/** Every browser and driver that was started. */
const all = [];

// A test that takes too long is ended so, and nobody else ends what it has started.
process.once("SIGTERM", () => {
  all.forEach(end);
  process.exit(1);
});

/** A browser that nobody has used before. It ends with the test. */
export async function launch(t) {
  assert(engine in ENGINES, `ATELIER_ENGINE is ${engine}; there are ${Object.keys(ENGINES).join(", ")}`);
  const folder = await mkdtemp(join(tmpdir(), `atelier-${engine}-`));
  const folders = { profile: join(folder, "profile"), downloads: join(folder, "downloads") };
  await Promise.all(Object.values(folders).map((folder) => mkdir(folder)));
  const children = [];
  let driver;
  t.after(async () => {
    await driver?.end();
    await Promise.all(children.map(ended));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  driver = await ENGINES[engine](folders, (child) => children.push(child));
  return Browser.of(driver, folders.downloads);
}

function run(program, words, environment = {}) {
  const child = spawn(program, words, { env: { ...process.env, ...environment }, stdio: "ignore", detached: true });
  all.push(child);
  // Who waits for what it is to do says so in the end.
  child.on("error", () => {});
  return child;
}

const isOver = (child) => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;

/** Ends a program with all that it has started: it is the first of a group of its own. */
function end(child) {
  if (!isOver(child)) process.kill(-child.pid);
}

async function ended(child) {
  if (isOver(child)) return;
  const exit = once(child, "exit");
  end(child);
  await exit;
}

/** A session with a driver that is about to listen on this port. */
async function connected(port, capabilities) {
  const address = `http://127.0.0.1:${port}`;
  await until(() => fetch(`${address}/status`), `the driver of ${engine} does not start`);
  return HttpDriver.connect(address, capabilities);
}

/** What `attempt` gives as soon as it gives something. */
async function until(attempt, complaint) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await attempt().catch(() => undefined);
    if (found) return found;
    if (Date.now() > end) throw new Error(complaint);
    await new Promise((next) => setTimeout(next, 50));
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
