/**
 * The daemon: a speaker with listeners, and the commands and queries that control surfaces use. Rule: everything that
 * comes from outside enters here as a value; what cannot be done is a refusal in one line.
 */

import { formatIpv4 } from "../base/address.ts";
import { maskedConfiguration } from "../config/mask.ts";
import type { Configuration } from "../config/reader.ts";
import { formatFault } from "../config/fault.ts";
import type { Intent, ListenAddress } from "../config/intent.ts";
import type { Settings } from "../config/settings.ts";
import type { Connection } from "../transport/ports.ts";
import { listen } from "../transport/listener.ts";
import type { Listener } from "../transport/listener.ts";
import type { DaemonApi, ReloadResult, Refusal } from "./api.ts";
import { drainIntent } from "./drain.ts";
import { explain } from "./explain.ts";
import { groupView } from "./group-view.ts";
import { metricSamples } from "./metrics.ts";
import type { Peer } from "./peer.ts";
import { peerView } from "./peer-view.ts";
import { countRoutes, readQuery, walkRoutes } from "./route-view.ts";
import { Speaker } from "./speaker.ts";
import type { SpeakerEnvironment } from "./speaker.ts";

/** What a daemon is started with. */
export interface DaemonOptions {
  readonly environment: SpeakerEnvironment;
  readonly intent: Intent;
  readonly settings: Settings;
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  /** Reads the configuration again, for a reload; absent where there is no file. */
  readConfiguration?(): Promise<Configuration>;
  /** Opens control surfaces before any session starts; one line where the daemon must not start without them. */
  openSurfaces?(api: DaemonApi): Promise<string | undefined>;
}

/** A running daemon. */
export interface RunningDaemon {
  readonly api: DaemonApi;
  readonly listening: readonly ListenAddress[];
  /** Ends every session politely and closes everything. */
  stop(text: string): Promise<void>;
  /** Resolves when the daemon has stopped, whoever asked. */
  readonly finished: Promise<void>;
}

/** How long peers have to take the last NOTIFICATION. */
const FAREWELL_SECONDS = 0.25;

/** Starts a daemon, or says in one line why it cannot. */
export async function startDaemon(options: DaemonOptions): Promise<RunningDaemon | { readonly refused: string }> {
  const daemon = new Daemon(options);
  const refused = await daemon.open(options.intent.speaker.listen) ?? await options.openSurfaces?.(daemon);
  if (refused === undefined) {
    daemon.begin();
    return daemon;
  }
  await daemon.close();
  return { refused };
}

class Daemon implements RunningDaemon, DaemonApi {
  readonly finished: Promise<void>;
  readonly #options: DaemonOptions;
  readonly #listeners = new Map<string, Listener>();
  readonly #startedAt: string;
  readonly speaker: Speaker;
  #settings: Settings;
  /** Connections that came while there were no neighbours yet; undefined once there are. */
  #early: Connection[] | undefined = [];
  #finish: () => void = () => undefined;
  #stopping = false;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.speaker = new Speaker(options.environment, { ...options.intent, peers: [], originated: [] });
    this.#startedAt = new Date(options.environment.clock.wallMilliseconds()).toISOString();
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  get api(): DaemonApi {
    return this;
  }

  get listening(): readonly ListenAddress[] {
    return [...this.#listeners.values()].map(({ address, port }) => ({ address, port }));
  }

  /** Opens the listeners that are missing; one line where one cannot be had. */
  async open(wanted: readonly ListenAddress[]): Promise<string | undefined> {
    const { clock, scheduler, log } = this.#options.environment;
    for (const { address, port } of wanted) {
      const key = `${address} ${port}`;
      if (this.#listeners.has(key)) continue;
      const opened = await listen({ address, port }, {
        clock, scheduler,
        onConnection: (connection) => this.#offer(connection),
        onTrouble: (why) => log.write("error", "listener", { why }),
      });
      if (!("code" in opened)) {
        this.#listeners.set(key, opened);
      } else if (address === "::" && NO_IPV6.includes(opened.code) && this.#listeners.size > 0) {
        log.write("warn", "listener", { why: `${opened.why}; IPv6 is off on this host, IPv4 goes on` });
      } else {
        return opened.why;
      }
    }
    return undefined;
  }

  /** The listeners are open: sessions may start. */
  begin(): void {
    this.speaker.apply(this.#options.intent);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const connection of early) this.#offer(connection);
  }

  #offer(connection: Connection): void {
    if (this.#early === undefined) this.speaker.neighbours.acceptor.offer(connection);
    else this.#early.push(connection);
  }

  async close(): Promise<void> {
    const open = [...this.#listeners.values()];
    this.#listeners.clear();
    await Promise.all(open.map((listener) => listener.close()));
  }

  async stop(text: string): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      const closed = this.close();
      this.speaker.stop(text);
      await this.#wait(FAREWELL_SECONDS);
      await closed;
      this.#finish();
    }
    return this.finished;
  }

  peers(): ReturnType<DaemonApi["peers"]> {
    return this.speaker.neighbours.all().map((peer) => peerView(peer, this.speaker.tables));
  }

  peer(selector: string): ReturnType<DaemonApi["peer"]> {
    const found = this.speaker.neighbours.select(selector);
    if (found.length > 1) return { refused: `"${selector}" names ${found.length} peers`, what: "invalid" };
    return found[0] === undefined ? noPeer(selector) : peerView(found[0], this.speaker.tables);
  }

  routes(query: Parameters<DaemonApi["routes"]>[0]): ReturnType<DaemonApi["routes"]> {
    const walk = readQuery(query, this.speaker);
    return "refused" in walk ? walk : walkRoutes(walk, this.speaker);
  }

  countRoutes(query: Parameters<DaemonApi["routes"]>[0]): ReturnType<DaemonApi["countRoutes"]> {
    const walk = readQuery(query, this.speaker);
    return "refused" in walk ? walk : countRoutes(walk, this.speaker);
  }

  explain(prefix: string, to?: string): ReturnType<DaemonApi["explain"]> {
    return explain(this.speaker, prefix, to);
  }

  groups(): ReturnType<DaemonApi["groups"]> {
    return this.speaker.tables.reflectors.flatMap((reflector) => [...reflector.groups()].map(groupView));
  }

  memory(): Readonly<Record<string, number>> {
    const { store, ribs, reflectors } = this.speaker.tables;
    const owners: Record<string, number> = { "attribute sets": store.octets };
    for (const rib of ribs) owners[`${rib.family.name} tables`] = rib.octets;
    for (const reflector of reflectors) {
      for (const group of reflector.groups()) owners[`${reflector.family.name} group ${group.id}`] = group.octets;
    }
    return owners;
  }

  config(): unknown {
    return maskedConfiguration(this.#settings, this.speaker.intent);
  }

  async reload(): Promise<ReloadResult | Refusal> {
    const { log } = this.#options.environment;
    const read = await this.#options.readConfiguration?.();
    if (read === undefined) return { refused: "there is no configuration file to read again", what: "failed" };
    const refused = "faults" in read ? read.faults.map(formatFault).join("\n")
      : await this.open(read.intent.speaker.listen);
    if (refused !== undefined || "faults" in read) {
      log.write("error", "reload-refused", { why: refused });
      return { refused: `${refused} (what runs is kept)`, what: "failed" };
    }
    await this.#closeAllBut(read.intent.speaker.listen);
    this.#settings = read.settings;
    const result = this.speaker.apply(read.intent);
    log.write("info", "reloaded", {
      added: result.added.length, removed: result.removed.length, reset: result.reset.length,
      refreshed: result.refreshed.length, untouched: result.untouched.length,
    });
    return result;
  }

  async #closeAllBut(wanted: readonly ListenAddress[]): Promise<void> {
    const keep = new Set(wanted.map(({ address, port }) => `${address} ${port}`));
    for (const [key, listener] of [...this.#listeners]) {
      if (keep.has(key)) continue;
      this.#listeners.delete(key);
      await listener.close();
    }
  }

  async shutdown({ drainSeconds }: { readonly drainSeconds: number }): Promise<void> {
    if (drainSeconds > 0) {
      this.speaker.apply(drainIntent(this.speaker.intent));
      await this.#wait(drainSeconds);
    }
    await this.stop("shutdown");
  }

  reset(selector: string, soft?: "in" | "out"): ReturnType<DaemonApi["reset"]> {
    const done = this.#each(selector, (peer) => {
      if (soft === "in") this.speaker.rejudge(peer);
      else if (soft === "out") peer.refreshOut();
      else peer.session.reset();
    });
    return Array.isArray(done) ? { reset: done } : done;
  }

  disable(selector: string, reason?: string): ReturnType<DaemonApi["disable"]> {
    const done = this.#each(selector, (peer) => {
      peer.intent = { ...peer.intent, enabled: false };
      peer.session.stop({ text: reason ?? "" });
    });
    return Array.isArray(done) ? { disabled: done } : done;
  }

  enable(selector: string): ReturnType<DaemonApi["enable"]> {
    const done = this.#each(selector, (peer) => {
      peer.intent = { ...peer.intent, enabled: true };
      peer.session.start();
    });
    return Array.isArray(done) ? { enabled: done } : done;
  }

  metrics(): ReturnType<DaemonApi["metrics"]> {
    return metricSamples(this.speaker, this.#options.version, this.#options.node);
  }

  ready(): ReturnType<DaemonApi["ready"]> {
    const waitingFor = this.#stopping ? ["the daemon is stopping"] : [];
    return { ready: waitingFor.length === 0, waitingFor };
  }

  status(): ReturnType<DaemonApi["status"]> {
    const { routerId, asNumber } = this.speaker.speaker;
    const { version, node, pid } = this.#options;
    return { version, node, routerId: formatIpv4(routerId), asNumber, startedAt: this.#startedAt, pid };
  }

  #each(selector: string, act: (peer: Peer) => void): string[] | Refusal {
    const found = this.speaker.neighbours.select(selector);
    if (found.length === 0) return noPeer(selector);
    for (const peer of found) act(peer);
    return found.map(({ name }) => name);
  }

  #wait(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.speaker.later(seconds, resolve);
    });
  }
}

/** What the system says where IPv6 is switched off. */
const NO_IPV6: readonly string[] = ["EAFNOSUPPORT", "EADDRNOTAVAIL"];

function noPeer(selector: string): Refusal {
  return { refused: `no peer is called "${selector}"`, what: "not-found" };
}
