// Workflows in ComfyUI's format: real ones from its templates' package, and made ones of any size.

import { execFile } from "node:child_process";
import { readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const PACKAGE = "comfyui-workflow-templates-json";
const VERSION = "0.1.123";

/** Storage's own tests keep the package in the same place. */
const FOLDER = fileURLToPath(new URL(`../../../target/tmp/comfyui-templates-${VERSION}`, import.meta.url));

/** The text of a real template. The package comes from the Python package index on first use. */
export async function template(name) {
  const read = () => readFile(join(FOLDER, "comfyui_workflow_templates_json", "templates", `${name}.json`), "utf8");
  return read().catch(async () => {
    await install();
    return read();
  });
}

async function install() {
  // Whole or not at all: another test may look for it at the same time.
  const partial = `${FOLDER}.${process.pid}`;
  const pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--disable-pip-version-check"];
  await promisify(execFile)("python3", [...pip, "--only-binary", ":all:", "--target", partial, `${PACKAGE}==${VERSION}`]);
  await rename(partial, FOLDER).catch(() => rm(partial, { recursive: true, force: true }));
}

/**
 * A workflow of `count` nodes in rows, each joined to the next, as the prototype of the canvas was measured with. Positions are
 * multiples of 260 and 160, so that a test knows them.
 */
export function grid(count, columns = Math.ceil(Math.sqrt(count))) {
  const nodes = Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    type: "ImageScaleBy",
    pos: [(index % columns) * 260, Math.floor(index / columns) * 160],
    size: [200, 100],
    flags: {},
    order: index,
    mode: 0,
    inputs: [{ name: "image", type: "IMAGE", link: index === 0 ? null : index }],
    outputs: [{ name: "IMAGE", type: "IMAGE", links: index === count - 1 ? null : [index + 1] }],
    properties: { "Node name for S&R": "ImageScaleBy" },
    widgets_values: ["lanczos", 1.5],
  }));
  const links = Array.from({ length: count - 1 }, (_, index) => [index + 1, index + 1, 0, index + 2, 0, "IMAGE"]);
  return JSON.stringify({
    last_node_id: count,
    last_link_id: count - 1,
    nodes,
    links,
    groups: [],
    config: {},
    extra: {},
    version: 0.4,
  });
}
