/** Reads the text format of Prometheus, and what changed between two readings. */

const SAMPLE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;

/**
 * What a server said at one time.
 * @typedef {{ name: string, labels: Record<string, string>, value: number }} Sample
 */
export class Reading {
  /** Reads a whole text. `at` is in ms. */
  constructor(text, at) {
    this.at = at;
    /** @type {Map<string, Sample[]>} */
    this.families = Map.groupBy(text.split("\n").map(sample).filter(Boolean), ({ name }) => name);
  }

  /** The samples with this name. */
  all(name) {
    return this.families.get(name) ?? [];
  }

  /** The sum of a metric over all nodes; `undefined` where nobody tells it. */
  sum(name) {
    const samples = this.all(name);
    return samples.length === 0 ? undefined : samples.reduce((sum, { value }) => sum + value, 0);
  }

  /** The buckets of a histogram, cumulative: how many were at most `le`, over all series that `wanted` takes. */
  buckets(name, wanted = () => true) {
    const bounds = new Map();
    for (const { labels, value } of this.all(`${name}_bucket`)) {
      if (!wanted(labels)) continue;
      const bound = labels.le === "+Inf" ? Infinity : Number(labels.le);
      bounds.set(bound, (bounds.get(bound) ?? 0) + value);
    }
    return [...bounds].sort(([one], [other]) => one - other).map(([bound, below]) => ({ bound, below }));
  }
}

function sample(line) {
  const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
  if (name === undefined) return undefined;
  const pairs = [...labels.matchAll(LABEL)].map(([, label, text]) => [label, text.replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c))]);
  return { name, labels: Object.fromEntries(pairs), value: Number(value) };
}

/** How often a second a counter went up between two readings; `undefined` where one does not know, or it began anew. */
export function rateBetween(before, after, name) {
  const [from, to] = [before.sum(name), after.sum(name)];
  const known = from !== undefined && to !== undefined && to >= from;
  return known ? (to - from) / ((after.at - before.at) / 1000) : undefined;
}

/** The quantiles of what a histogram counted between two readings, by interpolation; `undefined` where that is nothing. */
export function quantilesBetween(before, after, name, wanted, quantiles) {
  const old = new Map(before.buckets(name, wanted).map(({ bound, below }) => [bound, below]));
  const added = after.buckets(name, wanted).map(({ bound, below }) => ({ bound, below: below - (old.get(bound) ?? 0) }));
  const total = added.at(-1)?.below ?? 0;
  return quantiles.map((quantile) => (total > 0 ? interpolate(added, quantile * total) : undefined));
}

function interpolate(buckets, rank) {
  const index = buckets.findIndex(({ below }) => below >= rank);
  const [lower, upper] = [buckets[index - 1] ?? { bound: 0, below: 0 }, buckets[index]];
  // Nothing is known of how far beyond the last bound the rest lies.
  if (upper.bound === Infinity) return lower.bound;
  return lower.bound + ((upper.bound - lower.bound) * (rank - lower.below)) / (upper.below - lower.below);
}
