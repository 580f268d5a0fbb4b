// What goes wrong on purpose.

/**
 * A fault is an object with
 * - `fault`: `"status"` (not run; answers with `status`), `"drop"` (not run; the connection is cut), `"cut"` (run; the connection is
 *   cut before the answer, or half way through a file), `"slow"` (waits `ms` first), `"chunked"` (what a subscription sends comes in
 *   `parts` pieces), `"refuse"` (no WebSocket is opened), `"say"` (a subscription sends `text` in the place of what is new);
 * - `path`: which calls, such as `"sync:applyOps"`; also `"storage:upload"`, `"storage:get"`, and `"transport"` for the opening of a
 *   WebSocket. All, if absent. A subscription is cut by the path of what it asks for;
 * - `over`: `"http"` or `"socket"`. Both, if absent;
 * - `times`: how often. Once, if absent; 0 is always.
 */
export class Faults {
  #all = [];
  #pauses = new Set();
  /** How often each kind came. */
  done = {};

  add(...faults) {
    for (const fault of faults) {
      if (!KINDS.has(fault.fault)) throw new Error(`there is no fault ${JSON.stringify(fault.fault)}`);
      this.#all.push({ ...fault, left: fault.times === 0 ? Infinity : (fault.times ?? 1) });
    }
  }

  /** Nothing goes wrong any more, and what waits goes on. */
  clear() {
    this.#all = [];
    for (const end of this.#pauses) end();
  }

  /** The next one of these kinds that is due, if any; it counts as done. */
  take(kinds, over, path) {
    const found = this.#all.find(
      (one) =>
        one.left > 0 &&
        kinds.includes(one.fault) &&
        (one.path === undefined || one.path === path) &&
        (one.over === undefined || one.over === over),
    );
    if (found !== undefined) {
      found.left -= 1;
      this.done[found.fault] = (this.done[found.fault] ?? 0) + 1;
    }
    return found;
  }

  /** Waits, if a slow one is due. */
  async pause(over, path) {
    const slow = this.take(["slow"], over, path);
    if (slow === undefined) return;
    await new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, slow.ms);
      this.#pauses.add(end);
    });
  }
}

const KINDS = new Set(["status", "drop", "cut", "slow", "chunked", "refuse", "say"]);
