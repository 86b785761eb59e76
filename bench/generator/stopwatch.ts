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
