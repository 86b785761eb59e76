/**
 * The daemon: a speaker with listeners, and the commands and queries that control surfaces use. Rule: everything that
 * comes from outside enters here as a value; what cannot be done is a refusal in one line.
 */

import { formatIpv4 } from "../base/address.ts";
import { differentSettings } from "../config/diff.ts";
import type { NodePlan } from "../calico/translate/node.ts";
import { maskedConfiguration } from "../config/mask.ts";
import { formatFault } from "../config/fault.ts";
import type { Intent, ListenAddress, SpeakerIntent } from "../config/intent.ts";
import type { Connection } from "../transport/ports.ts";
import { listen } from "../transport/listener.ts";
import type { DaemonApi, PeerView, ReloadResult, Refusal } from "./api.ts";
import { whyDown } from "./admin.ts";
import { drainIntent } from "./drain.ts";
import { explain } from "./explain.ts";
import { Follower } from "./follower.ts";
import type { IntentSource } from "./follower.ts";
import { groupView, octetsByOwner } from "./group-view.ts";
import type { KernelHost } from "./kernel/means.ts";
import { KernelOwner } from "./kernel/owner.ts";
import { KERNEL_OFF } from "./kernel/view.ts";
import { Listeners, listeningText } from "./listeners.ts";
import type { OpenListener } from "./listeners.ts";
import { metricSamples } from "./metrics.ts";
import type { DaemonOptions, RunningDaemon } from "./options.ts";
import { partOfPeerView, PEER_FIELDS, peerView } from "./peer-view.ts";
import { Readiness } from "./readiness.ts";
import { countBestPaths, countRoutes, readQuery, walkRoutes } from "./route-view.ts";
import { Speaker } from "./speaker.ts";
import { noPeer, only } from "./typed.ts";

export type { DaemonOptions, RunningDaemon } from "./options.ts";

/** How long peers have to take the last NOTIFICATION. */
const FAREWELL_SECONDS = 0.25;

/** Starts a daemon, or says in one line why it cannot. */
export async function startDaemon(options: DaemonOptions): Promise<RunningDaemon | { readonly refused: string }> {
  const daemon = new Daemon(options);
  const refused = await daemon.open();
  if (refused === undefined) {
    daemon.begin();
    return daemon;
  }
  await daemon.close();
  return { refused };
}

class Daemon implements RunningDaemon, DaemonApi {
  readonly finished: RunningDaemon["finished"];
  readonly speaker: Speaker;
  readonly #options: DaemonOptions;
  readonly #listeners: Listeners;
  readonly #follower: Follower | undefined;
  readonly #kernel: KernelOwner | undefined;
  readonly #readiness = new Readiness();
  readonly #startedAt: number;
  /** When the configuration in force was taken over; milliseconds since 1970, as the start. */
  #configuredAt: number;
  /** Connections that came while there were no neighbours yet; undefined once there are. */
  #early: Connection[] | undefined = [];
  #finish: () => void = () => undefined;
  #startAgain = false;
  /** What the daemon is about to do, where it is about to leave. */
  #leaving: "draining" | "stopping" | undefined = undefined;
  /** The reload that is under way: the next one waits for it, so that the last file read is the one in force. */
  #reloading: Promise<unknown> = Promise.resolve();
  /** Ends every wait of ours at once. */
  readonly #waits = new Set<() => void>();

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#kernel = options.kernel && this.#kernelOf(options.kernel);
    const reachability = this.#kernel?.reachability;
    this.speaker = new Speaker(options.environment, { ...options.intent, peers: [], originated: [] },
      reachability && ((store) => reachability.attach(store)));
    this.#kernel?.attach(this.speaker);
    this.#startedAt = options.environment.clock.wallMilliseconds();
    this.#configuredAt = this.#startedAt;
    this.finished = new Promise((resolve) => {
      this.#finish = () => resolve({ startAgain: this.#startAgain });
    });
    const offer = (connection: Connection): void => this.#offer(connection);
    this.#listeners = new Listeners(
      (where) => options.openListener?.(where, offer) ?? this.#listen(where, offer),
      (why) => options.environment.log.write("warn", "listener", { why }),
    );
    this.#follower = options.source === undefined ? undefined : this.#followerOf(options.source);
  }

  get api(): DaemonApi {
    return this;
  }

  get listening(): readonly ListenAddress[] {
    return this.#listeners.addresses;
  }

  /** Opens listeners and surfaces; one line where they cannot be had. */
  async open(): Promise<string | undefined> {
    return await this.#listeners.become(this.#options.intent.speaker.listen)
      ?? await this.#options.openSurfaces?.(this);
  }

  /** The listeners are open: sessions may start. */
  begin(): void {
    this.speaker.apply(this.#options.intent);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const connection of early) this.#offer(connection);
    this.#follower?.start();
    void this.#kernel?.begin().catch((error: unknown) => this.#crash(error));
  }

  #listen(where: ListenAddress, onConnection: (connection: Connection) => void): ReturnType<OpenListener> {
    const { clock, scheduler, log } = this.#options.environment;
    const onTrouble = (why: string): void => log.write("error", "listener", { why });
    const portOwner = (port: number): string | undefined => this.#options.portOwner?.(port);
    return listen(where, { clock, scheduler, onConnection, onTrouble, portOwner, ...this.#options.sockets });
  }

  #followerOf(source: IntentSource): Follower {
    const { log, clock } = this.#options.environment;
    return new Follower(source, {
      log,
      wallMilliseconds: () => clock.wallMilliseconds(),
      isLeaving: () => this.#leaving !== undefined,
      inTurn: (run) => {
        this.#reloading = this.#reloading.then(run).catch((error: unknown) => this.#crash(error));
      },
      later: (seconds, run) => this.speaker.later(seconds, run),
      listen: (wanted) => this.#listeners.approach(wanted),
      listening: () => listeningText(this.listening),
      apply: (intent, plan) => this.#configure(intent, plan),
    });
  }

  #kernelOf(host: KernelHost): KernelOwner {
    const { clock, scheduler, log } = this.#options.environment;
    const { settings } = this.#options;
    return new KernelOwner({
      ...host, settings: settings.kernel, isCalico: settings.calico !== undefined, log,
      now: () => clock.now(), wallMilliseconds: () => clock.wallMilliseconds(),
      soon: (run) => scheduler.soon(run), later: (seconds, run) => this.speaker.later(seconds, run),
      isConverged: () => this.ready().ready,
    });
  }

  #offer(connection: Connection): void {
    if (this.#leaving === "stopping") connection.destroy();
    else if (this.#early === undefined) this.speaker.neighbours.acceptor.offer(connection);
    else this.#early.push(connection);
  }

  async close(): Promise<void> {
    for (const connection of this.#early ?? []) connection.destroy();
    await this.#listeners.close();
  }

  stop(text: string): Promise<void> {
    return this.#stop(text, this.speaker.speaker.onStop);
  }

  async #stop(text: string, how: SpeakerIntent["onStop"]): Promise<void> {
    if (this.#leaving !== "stopping") {
      this.#leaving = "stopping";
      for (const end of [...this.#waits]) end();
      const followed = this.#follower?.stop();
      const isRemoved = this.#kernel?.removesAtStop(this.#startAgain) === true;
      this.speaker.stop(text, how, !isRemoved);
      const released = this.#kernel?.stop(this.#startAgain);
      const closed = this.#reloading.then(() => this.close());
      await this.#wait(FAREWELL_SECONDS);
      await Promise.all([closed, followed, released, this.#options.environment.restarts?.file.settled()]);
      this.#finish();
    }
    await this.finished;
  }

  restart(): Promise<void> {
    this.#startAgain ||= this.#leaving !== "stopping";
    return this.#stop("restart", "restart");
  }

  * peers(): Generator<PeerView> {
    for (const peer of this.speaker.neighbours.all()) yield peerView(peer, this.speaker.tables);
  }

  * partsOfPeers(names: readonly string[]): Generator<Partial<PeerView>> {
    const fields = PEER_FIELDS.filter((field) => names.includes(field));
    for (const peer of this.speaker.neighbours.all()) yield partOfPeerView(peer, this.speaker.tables, fields);
  }

  peer(selector: string): ReturnType<DaemonApi["peer"]> {
    const found = only(this.speaker.neighbours.select(selector), selector);
    return "refused" in found ? found : peerView(found, this.speaker.tables);
  }

  routes(query: Parameters<DaemonApi["routes"]>[0]): ReturnType<DaemonApi["routes"]> {
    const walk = readQuery(query, this.speaker);
    return "refused" in walk ? walk : walkRoutes(walk, this.speaker);
  }

  countRoutes(query: Parameters<DaemonApi["routes"]>[0]): ReturnType<DaemonApi["countRoutes"]> {
    return countRoutes(query, this.speaker, this.#options.environment.scheduler);
  }

  countBestPaths(family: Parameters<DaemonApi["countBestPaths"]>[0]): ReturnType<DaemonApi["countBestPaths"]> {
    return countBestPaths(family, this.speaker, this.#options.environment.scheduler);
  }

  explain(prefix: string, to?: string): ReturnType<DaemonApi["explain"]> {
    return explain(this.speaker, prefix, to);
  }

  groups(): ReturnType<DaemonApi["groups"]> {
    return this.speaker.tables.reflectors.flatMap((reflector) => [...reflector.groups()].map(groupView));
  }

  memory(): Readonly<Record<string, number>> {
    return octetsByOwner(this.speaker.tables);
  }

  config(): unknown {
    const { settings } = this.#options;
    if (this.#follower === undefined) return maskedConfiguration(settings, this.speaker.intent);
    const calico = this.#follower.settings;
    const calicoStatus = this.#follower.status();
    return { ...maskedConfiguration({ ...settings, calico }, this.speaker.intent), calicoStatus };
  }

  reload(): Promise<ReloadResult | Refusal> {
    const turn = this.#reloading.then(() => this.#reload());
    this.#reloading = turn.catch(() => undefined); // whoever asked hears of it
    return turn;
  }

  async #reload(): Promise<ReloadResult | Refusal> {
    if (this.#early !== undefined) return this.#refuseReload("the daemon is starting");
    if (this.#leaving !== undefined) return this.#refuseReload(`the daemon is ${this.#leaving}`);
    const read = await this.#options.readConfiguration?.();
    if (read === undefined) return { refused: "there is no configuration file to read again", what: "failed" };
    if ("faults" in read) return this.#refuseReload(read.faults.map(formatFault).join("\n"));
    const { settings } = this.#options;
    const isOtherMode = (read.settings.calico === undefined) !== (settings.calico === undefined);
    if (isOtherMode) return this.#refuseReload("Calico mode begins and ends with a restart");
    const result = await this.#follower?.reload(read.settings) ?? await this.#become(read.intent);
    if (typeof result === "string") return this.#refuseReload(result);
    const { log } = this.#options.environment;
    log.write("info", "reloaded", {
      added: result.added.length, removed: result.removed.length, reset: result.reset.length,
      refreshed: result.refreshed.length, untouched: result.untouched.length,
    });
    const { needsRestart: ofSource = [], ...changes } = result;
    const needsRestart = [...differentSettings(settings, read.settings), ...ofSource];
    if (needsRestart.length === 0) return changes;
    log.write("warn", "restart-needed", { settings: needsRestart.join(",") });
    return { ...changes, needsRestart };
  }

  /** All of it, or nothing and why. */
  async #become(intent: Intent): Promise<ReloadResult | string> {
    const refused = await this.#listeners.become(intent.speaker.listen);
    if (refused !== undefined) return refused;
    if (this.#leaving !== undefined) return `the daemon is ${this.#leaving}`;
    return this.#configure(intent);
  }

  #configure(intent: Intent, plan?: NodePlan): ReloadResult {
    this.#configuredAt = this.#options.environment.clock.wallMilliseconds();
    return this.#change(() => {
      if (plan !== undefined) this.#kernel?.setNodePlan(plan);
      return this.speaker.apply(intent);
    });
  }

  #refuseReload(why: string): Refusal {
    this.#options.environment.log.write("error", "reload-refused", { why });
    return { refused: `${why} (what runs is kept)`, what: "failed" };
  }

  async shutdown({ drainSeconds }: { readonly drainSeconds: number }): Promise<void> {
    if (drainSeconds > 0 && this.#leaving === undefined) {
      this.#leaving = "draining";
      this.#change(() => this.speaker.apply(drainIntent(this.speaker.intent)));
      await this.#wait(drainSeconds);
    }
    await this.#stop("shutdown", "shutdown");
  }

  reset(selector: string, soft?: "in" | "out"): ReturnType<DaemonApi["reset"]> {
    if (!this.#knows(selector)) return noPeer(selector);
    const found = this.speaker.neighbours.select(selector);
    const up = found.filter((peer) => peer.enabled);
    const [down] = found;
    if (up.length === 0 && down !== undefined) {
      return { refused: `${down.name} is down: ${whyDown(down.intent, down.admin) ?? ""}`, what: "failed" };
    }
    this.#change(() => {
      if (soft === undefined) this.speaker.neighbours.demandAgain();
      for (const peer of up) {
        if (soft === "in") {
          this.speaker.work.rejudge(peer);
          peer.askForIgnored();
        } else if (soft === "out") peer.refreshOut();
        else peer.session.reset();
      }
    });
    return { reset: up.map(({ name }) => name) };
  }

  disable(selector: string, reason: string = ""): ReturnType<DaemonApi["disable"]> {
    if (!this.#knows(selector)) return noPeer(selector);
    return { disabled: this.#change(() => this.speaker.neighbours.disable(selector, reason)) };
  }

  enable(selector: string): ReturnType<DaemonApi["enable"]> {
    if (!this.#knows(selector)) return noPeer(selector);
    return { enabled: this.#change(() => this.speaker.neighbours.enable(selector)) };
  }

  metrics(perPeer: boolean = true): ReturnType<DaemonApi["metrics"]> {
    const { version, node } = this.#options;
    return metricSamples(this.speaker, version, node, perPeer, this.#follower?.status(), this.#kernel?.counts());
  }

  kernel(): ReturnType<DaemonApi["kernel"]> {
    return this.#kernel?.view() ?? KERNEL_OFF;
  }

  calico(): ReturnType<DaemonApi["calico"]> {
    return this.#follower?.status() ?? { refused: "the daemon is not in Calico mode", what: "not-found" };
  }

  ready(): ReturnType<DaemonApi["ready"]> {
    const waitingFor = this.#waitingFor();
    return { ready: waitingFor.length === 0, waitingFor };
  }

  #waitingFor(): string[] {
    if (this.#leaving !== undefined) return [`the daemon is ${this.#leaving}`];
    if (this.#early !== undefined) return ["the daemon is starting"];
    const awaited = this.#follower?.waitingFor() ?? [];
    const since = this.#follower?.followedAt ?? this.#startedAt;
    const upSeconds = (this.#options.environment.clock.wallMilliseconds() - since) / 1000;
    const held = this.speaker.restarts.waitingFor();
    if (awaited.length + held.length > 0) return [...awaited, ...held];
    return this.#readiness.waitingFor(this.speaker.neighbours.all(), upSeconds);
  }

  status(): ReturnType<DaemonApi["status"]> {
    const { routerId, asNumber } = this.speaker.speaker;
    const { version, node, pid } = this.#options;
    return {
      version, node, routerId: formatIpv4(routerId), asNumber, startedAt: new Date(this.#startedAt).toISOString(),
      configuredAt: new Date(this.#configuredAt).toISOString(), pid,
    };
  }

  /**
   * Changes tables for somebody who asked. An exception on the way ends the process although whoever asked may catch
   * it: the tables could not be trusted any more.
   */
  #change<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      this.#crash(error);
      throw error;
    }
  }

  #crash(error: unknown): void {
    this.#options.environment.scheduler.soon(() => {
      throw error;
    });
  }

  #knows(selector: string): boolean {
    return this.speaker.neighbours.isRange(selector) || this.speaker.neighbours.select(selector).length > 0;
  }

  /** Resolves after that time, or when the daemon stops. */
  #wait(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#waits.delete(end);
        resolve();
      };
      const cancel = this.speaker.later(seconds, end);
      this.#waits.add(end);
    });
  }
}
