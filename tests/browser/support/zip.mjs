// Packages made here, without the app.

import { createHash } from "node:crypto";
import { crc32 } from "./files.mjs";

/** An archive of these contents by their names, as they are. */
export function archive(contents) {
  const [parts, directory] = [[], []];
  let at = 0;
  for (const [name, content] of Object.entries(contents)) {
    // Version 2.0, a name in UTF-8, stored, the first of January 1980.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20);
    common.writeUInt16LE(1 << 11, 2);
    common.writeUInt16LE(33, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), content]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\0"), common, place, Buffer.from(name));
    parts.push(local);
    at += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  for (const offset of [8, 10]) end.writeUInt16LE(parts.length, offset);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, listed, end]);
}

const id = (number) => `01a1a079-4498-7f87-ae96-${number.toString(16).padStart(12, "0")}`;

/** A package of a workflow of this name: a node for each of these pictures, PNG or the address of one. */
export function packageOf(name, pictures) {
  const assets = [];
  const contents = {};
  const nodes = pictures.map((picture, number) => {
    const node = { id: id(number + 1), type: "image-file", position: { x: 400 * number, y: 0 } };
    if (typeof picture === "string") {
      assets.push({ id: id(number + 1000), origin: "url", url: picture });
      return { ...node, config: { asset: { kind: "url", url: picture } } };
    }
    const asset = { id: id(number + 1000), origin: "embedded", file: `assets/${number}.png`, bytes: picture.length, mime: "image/png" };
    contents[asset.file] = picture;
    assets.push({ ...asset, hash: `sha256-${createHash("sha256").update(picture).digest("hex")}` });
    return { ...node, config: { asset: { kind: "embedded", id: asset.id } } };
  });
  return packed(name, nodes, assets, contents);
}

/** A package of a workflow of this name with these nodes, as the format has them but without ids, and no media. */
export const packageOfNodes = (name, nodes) => packed(name, nodes.map((node, number) => ({ id: id(number + 1), ...node })));

function packed(name, nodes, assets = [], contents = {}) {
  const manifest = { packageVersion: 1, workflow: { id: id(0), file: "workflow.json", name }, assets };
  const workflow = { id: id(0), name, nodes, edges: [] };
  const json = (value) => Buffer.from(JSON.stringify(value));
  return archive({ "manifest.json": json(manifest), "workflow.json": json(workflow), ...contents });
}
