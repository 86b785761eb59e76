/** A histogram as Prometheus counts it: cumulative buckets, sum and count. */

/** Upper bounds in seconds. */
const BOUNDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Counts observations in seconds. */
export class Histogram {
  readonly #counts: number[] = BOUNDS.map(() => 0);
  #sum = 0;
  #count = 0;

  observe(seconds: number): void {
    this.#count++;
    this.#sum += seconds;
    const bucket = BOUNDS.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) this.#counts[bucket]!++;
  }

  /** Samples named `name`_bucket, `name`_sum and `name`_count. */
  *samples(name: string): Generator<{ name: string; labels: Record<string, string>; value: number }> {
    let below = 0;
    for (const [i, bound] of BOUNDS.entries()) {
      below += this.#counts[i]!;
      yield { name: `${name}_bucket`, labels: { le: String(bound) }, value: below };
    }
    yield { name: `${name}_bucket`, labels: { le: "+Inf" }, value: this.#count };
    yield { name: `${name}_sum`, labels: {}, value: this.#sum };
    yield { name: `${name}_count`, labels: {}, value: this.#count };
  }
}
