/**
 * The process of one cell: the load generator, and parent of the daemon. Rule: whatever happens is an outcome; the
 * daemon is stopped before the process ends.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { Bystander } from "./bystander.ts";
import type { CellOrder, CellReport } from "./cell-order.ts";
import { SET_UP_SECONDS } from "./cell-order.ts";
import { DAEMONS } from "./daemons/all.ts";
import { ROUTER_NUMBER } from "./daemons/common.ts";
import type { DaemonKind, RunningDaemon } from "./daemons/daemon.ts";
import { TimedOut, WrongTable } from "./generator/ends.ts";
import { Fleet } from "./generator/fleet.ts";
import { VERSION_MAX } from "./generator/load.ts";
import type { Load } from "./generator/load.ts";
import type { DaemonName } from "./results.ts";
import { findScenario } from "./scenarios/all.ts";
import type { Scale } from "./scenarios/scale.ts";
import { NotSupported } from "./scenarios/scenario.ts";
import type { ClientWishes, Context, Scenario } from "./scenarios/scenario.ts";

const EXACT_RECEIVERS = 16;
const GRACE_SECONDS = 3;
/** After everybody has begun to announce: then the daemon is busy with it. */
const LIST_AFTER_MILLISECONDS = 20;
const LIST_SECONDS = 10;

/** The daemon and its clients. */
class Cell implements Context {
  readonly scale: Scale;
  readonly mrt: string | undefined;
  readonly #order: CellOrder;
  readonly #scenario: Scenario;
  readonly #expired: (reason: TimedOut) => void;
  #daemon: RunningDaemon | undefined;
  #fleet: Fleet | undefined;
  #timer: NodeJS.Timeout;
  #died: string | undefined;
  #figure = "";
  #since = 0;
  /** The worst of everything so far, by figure. */
  readonly #worst = new Map<string, number>();

  constructor(order: CellOrder, scenario: Scenario, expired: (reason: TimedOut) => void) {
    this.scale = order.scale;
    this.mrt = order.mrt;
    this.#order = order;
    this.#scenario = scenario;
    this.#expired = expired;
    this.#timer = this.#limit(SET_UP_SECONDS, "the load was not made");
  }

  async start(): Promise<RunningDaemon> {
    // Whatever was done until here, the load for instance, is not the daemon's time.
    clearTimeout(this.#timer);
    this.#timer = this.#limit(SET_UP_SECONDS, "sessions did not come up");
    await this.stop();
    const { place, folder, nodeOptions } = this.#order;
    const wanted = this.#scenario.wants(this.scale);
    this.#daemon = await kindOf(this.#order.daemon).start({ place, folder, nodeOptions, ...wanted });
    const daemon = this.#daemon;
    void daemon.ended.then(() => {
      if (this.#daemon === daemon) this.#died = daemon.lastWords().trim().split("\n").at(-1);
    });
    report({ say: "daemon", version: this.#daemon.version, configuration: this.#daemon.configuration });
    return this.#daemon;
  }

  async join(load: Load, sessions: number, wishes: ClientWishes = {}): Promise<Fleet> {
    if (this.#daemon === undefined) await this.start();
    for (const line of load.notes) report({ say: "note", line });
    const { timeoutSeconds } = this.scale;
    const reflectsAs = this.#order.daemon === "floor" ? {} : { reflectsAs: ROUTER_NUMBER };
    // FRR does, which is wasteful and not wrong: RFC 4456 §8 has clients drop them.
    const mayEcho = this.#order.daemon === "frr";
    this.#fleet = new Fleet(this.#order.place, load, { sessions, exactReceivers: EXACT_RECEIVERS, timeoutSeconds,
      mayEcho, ...reflectsAs, ...wishes });
    await this.#fleet.join(undefined, kindOf(this.#order.daemon).dialsAtOnce);
    clearTimeout(this.#timer);
    // The fleet's own words say what was short; the timer is for whatever does not wait for the fleet.
    this.#fleet.endWithin(timeoutSeconds);
    this.#timer = this.#limit(timeoutSeconds + GRACE_SECONDS, `not in ${timeoutSeconds} s`);
    return this.#fleet;
  }

  async stop(): Promise<void> {
    const late = this.#fleet?.lateMilliseconds();
    if (late !== undefined) this.#worsen("lateKeepaliveMs", late);
    // A daemon that died on the way has no pause to tell; its death is the outcome.
    const pause = await this.#daemon?.longestPauseMilliseconds?.().catch(() => undefined);
    if (pause !== undefined) this.#worsen("longestPauseMs", pause);
    this.#fleet?.close();
    this.#fleet = undefined;
    const daemon = this.#daemon;
    this.#daemon = undefined;
    await daemon?.stop();
  }

  /** What came after the last wait must have changed nothing. */
  async verify(): Promise<void> {
    await this.#fleet?.converge("the end");
  }

  /**
   * Asks for the list of peers while everybody, those who have left too, announces everything once more. Last of all:
   * nothing else is measured, and nobody waits until all is told.
   */
  async list(): Promise<void> {
    const fleet = this.#fleet;
    const peerList = this.#daemon?.peerList;
    if (fleet === undefined || peerList === undefined || !this.#has("showPeersMs")) return;
    clearTimeout(this.#timer);
    fleet.endWithin(SET_UP_SECONDS);
    await fleet.dial(fleet.clients.filter(({ established }) => !established).map(({ index }) => index));
    const bystander = await Bystander.start();
    fleet.say(VERSION_MAX, fleet.sources);
    await sleep(LIST_AFTER_MILLISECONDS);
    this.measuring("showPeersMs");
    this.#timer = this.#limit(LIST_SECONDS, `no list of peers in ${LIST_SECONDS} s`);
    this.record("showPeersMs", await bystander.milliseconds(peerList).finally(() => bystander.stop()));
  }

  /** Stops everything and reports what was watched all along. */
  async end(): Promise<void> {
    await this.stop();
    clearTimeout(this.#timer);
    for (const [figure, value] of this.#worst) if (this.#has(figure)) this.record(figure, value);
  }

  measuring(figure: string): void {
    this.#figure = figure;
    this.#since = performance.now();
    report({ say: "measuring", figure });
  }

  /** The daemon's last words, where it ended by itself. */
  died(): string | undefined {
    return this.#died;
  }

  /** What is waited for, and since how many milliseconds: not while it was prepared. */
  awaited(): { readonly figure: string; readonly milliseconds: number } | undefined {
    const since = Math.max(this.#since, this.#fleet?.startedAt ?? 0);
    return this.#figure === "" ? undefined : { figure: this.#figure, milliseconds: performance.now() - since };
  }

  record(figure: string, value: number, generatorShare?: number): void {
    if (!this.#has(figure)) throw new Error(`${figure} is not a figure`);
    report({ say: "figure", figure, value, ...(generatorShare === undefined ? {} : { generatorShare }) });
  }

  #has(figure: string): boolean {
    return this.#scenario.figures.some(({ id }) => id === figure);
  }

  #worsen(figure: string, value: number): void {
    this.#worst.set(figure, Math.max(value, this.#worst.get(figure) ?? 0));
  }

  #limit(seconds: number, reason: string): NodeJS.Timeout {
    return setTimeout(() => this.#expired(new TimedOut(reason)), seconds * 1000);
  }
}

function kindOf(daemon: DaemonName): DaemonKind {
  return DAEMONS.find(({ name }) => name === daemon)!;
}

function report(what: CellReport): void {
  process.send!(what);
}

/** How an error ends the cell. */
function outcomeOf(error: unknown, cell: Cell): CellReport & { readonly say: "end" } {
  const words = (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
  const died = cell.died();
  const end = { say: "end", reason: died === undefined ? words : `${words}; it ended: ${died}` } as const;
  if (error instanceof WrongTable) return { ...end, outcome: "wrong table" };
  if (error instanceof NotSupported) return { ...end, outcome: "not supported" };
  if (!(error instanceof TimedOut)) return { ...end, outcome: "failed" };
  const timedOut = cell.awaited();
  return { ...end, outcome: "timed out", ...(timedOut === undefined ? {} : { timedOut }) };
}

async function main(order: CellOrder): Promise<void> {
  const scenario = findScenario(order.scenario)!;
  let expire: (reason: TimedOut) => void = () => undefined;
  const expired = new Promise<never>((_, reject) => { expire = reject; });
  const cell = new Cell(order, scenario, (reason) => expire(reason));
  let end: CellReport = { say: "end", outcome: "measured" };
  // Whoever ordered the cell is gone: nobody wants to know.
  process.once("disconnect", () => { void cell.end().finally(() => process.exit(1)); });
  try {
    await Promise.race([scenario.run(cell).then(() => cell.verify()).then(() => cell.list()), expired]);
  } catch (error) {
    end = outcomeOf(error, cell);
  }
  await cell.end();
  process.send!(end, () => process.exit());
}

await main(JSON.parse(process.argv[2]!) as CellOrder);
