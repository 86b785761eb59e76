/** How long something took, and what it cost this process. */

/** What a wait measured. */
export interface Timing {
  /** From the first octet sent to the last octet that anybody needed. */
  readonly milliseconds: number;
  /** Share of one core that this process used meanwhile. */
  readonly generatorShare: number;
}

/** When something began, and what it cost this process until then. */
export class Stopwatch {
  /** performance.now of the beginning. */
  readonly at: number = performance.now();
  readonly #cpu: NodeJS.CpuUsage = process.cpuUsage();

  /** Share of one core that this process used since. */
  share(): number {
    const { user, system } = process.cpuUsage(this.#cpu);
    return (user + system) / 1000 / Math.max(1, performance.now() - this.at);
  }
}
