import * as limits from "./limits.js";

/** What a transaction has used of Convex's limits, and whether that leaves room for more. */
export class Budget {
  bytes = 0;
  ranges = 0;
  writes = 0;

  isSpent(): boolean {
    return (
      this.bytes > limits.TRANSACTION_BYTES ||
      this.ranges > limits.TRANSACTION_RANGES ||
      this.writes > limits.TRANSACTION_WRITES
    );
  }
}
