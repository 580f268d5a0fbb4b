// Figures beside a peer's: rounds that take turns, medians, and one line of JSON for each measurement.

/** Runs "ours" and "peer" in turn, now the one first, now the other, and drops the first round. `run` gives a round's figures. */
export async function takeTurns(rounds, run) {
  const all = { ours: [], peer: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const who of round % 2 ? ["peer", "ours"] : ["ours", "peer"]) {
      const figures = await run(who, round);
      // Files, pages and compiled code get warm in the first round.
      if (round > 0) all[who].push(figures);
    }
  }
  return all;
}

/**
 * Prints a measurement as `cargo xtask bench` reads it. `ours` and `peer` are figures of the same rounds: the ratio is the median
 * of each round's, since only what ran side by side can be compared.
 */
export function report({ name, unit = "ms", ours, peer, bar = null }) {
  const ratios = ours.map((figure, round) => figure / peer[round]);
  const line = { name, unit, ours: rounded(median(ours)), peer: rounded(median(peer)), ratio: rounded(median(ratios)), bar };
  console.log(JSON.stringify(line));
  const [low, high] = [quantile(ratios, 0.25), quantile(ratios, 0.75)];
  console.log(`  its ratios' middle half spans ${Math.round((100 * (high - low)) / median(ratios))} %`);
}

/** Prints a measurement that has no peer: the bar is for our own figure. */
export function absolute({ name, unit = "ms", ours, bar = null }) {
  console.log(JSON.stringify({ name, unit, ours: rounded(ours), peer: null, ratio: null, bar }));
}

export const median = (figures) => quantile(figures, 0.5);

export function quantile(figures, share) {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * share)];
}

const rounded = (figure) => Number(figure.toPrecision(4));
