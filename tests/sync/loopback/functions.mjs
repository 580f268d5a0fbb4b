// The deployment's real functions, as modules that Node can load.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";

const SOURCE = fileURLToPath(new URL("../../../convex/functions/", import.meta.url));
const CACHE = fileURLToPath(new URL("../node_modules/.atelier/", import.meta.url));

function sources() {
  const names = readdirSync(SOURCE).filter((name) => name.endsWith(".ts") && name !== "auth.config.ts");
  return [...names, "_generated/api.js", "_generated/server.js"].sort();
}

/** Translates the functions once per content. The result lies where Node finds this folder's packages. */
async function translate(names) {
  const hash = createHash("sha256");
  for (const name of names) hash.update(name).update(readFileSync(join(SOURCE, name)));
  const folder = join(CACHE, hash.digest("hex").slice(0, 16));
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const staging = `${folder}.${process.pid}`;
  await build({
    entryPoints: names.map((name) => join(SOURCE, name)),
    outbase: SOURCE,
    outdir: staging,
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    logLevel: "error",
  });
  try {
    renameSync(staging, folder);
  } catch (error) {
    // Another process was faster.
    if (!existsSync(folder)) throw error;
    rmSync(staging, { recursive: true });
  }
  return folder;
}

const names = sources();
const folder = await translate(names);

function load(name) {
  return import(pathToFileURL(join(folder, name.replace(/\.ts$/, ".js"))).href);
}

/** What convex-test needs to know. */
export const schema = (await load("schema.ts")).default;
export const modules = Object.fromEntries(names.map((name) => [`./functions/${name}`, () => load(name)]));

/** The pure parts, for tests of their own. */
export const { merge, compareText, compareRegister } = await load("merge.ts");
export const text = await load("text.ts");
export const limits = await load("limits.ts");
