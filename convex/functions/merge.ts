// The one rule by which two versions of an entity become one: the same as that of the client
// (`Registers::merge` in packages/storage/src/model/register.rs). Both read tests/sync/vectors/merge.json.

/** A value and when it was set. */
export interface Register {
  /** Its name. */
  k: string;
  /** Its value as JSON text; null: it was removed. */
  v: string | null;
  /** When, and by whom: a stamp in its canonical text, which sorts as the stamp does. */
  h: string;
}

/** The order of two texts by their UTF-8 bytes. That is the order of their code points, which JavaScript's `<` is not. */
export function compareText(left: string, right: string): number {
  const end = Math.min(left.length, right.length);
  for (let at = 0; at < end; at++) {
    let a = left.charCodeAt(at);
    let b = right.charCodeAt(at);
    if (a === b) continue;
    // A surrogate stands for a code point above all others. Where two pairs differ in their second half only, that one decides.
    if (a >= 0xd800 && b >= 0xd800) {
      if (isSurrogate(a)) a += 0x10000;
      if (isSurrogate(b)) b += 0x10000;
    }
    return a - b;
  }
  return left.length - right.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

/** Which of two versions of a register is the newer one: positive for `left`, 0 if they are equal. */
export function compareRegister(left: Register, right: Register): number {
  if (left.h !== right.h) return left.h < right.h ? -1 : 1;
  if (left.v === null || right.v === null) return Number(left.v !== null) - Number(right.v !== null);
  return compareText(left.v, right.v);
}

/** What became of a patch. */
export interface Merged {
  /** All registers, in the order of their names. */
  fields: Register[];
  /** Whether the patch changed anything. */
  changed: boolean;
  /** Whether a register of the patch gave way to a newer one. */
  lost: boolean;
}

/** Takes over every register of `patch` that is newer than the one of `base`. Commutative, associative, idempotent. */
export function merge(base: readonly Register[], patch: readonly Register[]): Merged {
  const all = new Map(base.map((register) => [register.k, register]));
  let changed = false;
  let lost = false;
  for (const register of patch) {
    const here = all.get(register.k);
    const order = here === undefined ? 1 : compareRegister(register, here);
    if (order > 0) {
      all.set(register.k, { k: register.k, v: register.v, h: register.h });
      changed = true;
    } else if (order < 0) {
      lost = true;
    }
  }
  return { fields: [...all.values()].sort((left, right) => compareText(left.k, right.k)), changed, lost };
}

/** A register's value as JSON text; undefined if it is absent or was removed. */
export function valueOf(fields: readonly Register[], name: string): string | undefined {
  return fields.find((register) => register.k === name)?.v ?? undefined;
}

/** Whether the entity was deleted and not restored since. */
export function isDeleted(fields: readonly Register[]): boolean {
  return valueOf(fields, "deleted") === "true";
}
