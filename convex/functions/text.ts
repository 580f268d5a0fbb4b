// Ids, stamps, hashes and sizes, as texts.

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const STAMP = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const OP = /^([^#]*)(#[1-9][0-9]{0,9})?$/;
const HASH = /^(?:sha256-)?([0-9a-f]{64})$/;
const HASHES = /"sha256-([0-9a-f]{64})"/g;

/** Whether it is a UUID in its canonical text. */
export function isId(text: string): boolean {
  return UUID.test(text);
}

/** The stamp of an op id, which is `<stamp>` or `<stamp>#<n>`; undefined if it is no op id. */
export function stampOf(opId: string): string | undefined {
  const [, stamp, piece] = OP.exec(opId) ?? [];
  if (stamp === undefined || !STAMP.test(stamp)) return undefined;
  return piece === undefined || Number(piece.slice(1)) <= 0xffff_ffff ? stamp : undefined;
}

/** A stamp's milliseconds since 1970. */
export function millisOf(stamp: string): number {
  return Number.parseInt(stamp.slice(0, 8) + stamp.slice(9, 13), 16);
}

/** The 64 digits of a content's hash; undefined if it is none. */
export function digitsOf(hash: string): string | undefined {
  return HASH.exec(hash)?.[1];
}

/** The hashes that stand in a JSON text as texts of their own, as in a reference to media. */
export function hashesIn(json: string): string[] {
  return Array.from(json.matchAll(HASHES), (found) => found[1] as string);
}

/** The length of a text in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0x80) bytes += unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

/** Whether it is the text of a JSON value. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
