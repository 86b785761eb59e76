/**
 * A daemon on virtual time among scripted routers. Rules: a router is a real session (transport) whose owner of routes
 * keeps the replayed table of what it was sent and every message of it; nothing sleeps, time is let pass.
 */

import { formatIpv4, parseIpv4, parseAddress } from "../../src/base/address.ts";
import { parsePrefix } from "../../src/base/prefix.ts";
import { readConfiguration } from "../../src/config/reader.ts";
import type { Configuration } from "../../src/config/reader.ts";
import { startDaemon } from "../../src/daemon/daemon.ts";
import type { RunningDaemon } from "../../src/daemon/daemon.ts";
import type { DaemonApi, PeerView, Refusal, ReloadResult, RouteQuery, RouteView } from "../../src/daemon/api.ts";
import type { IntentSource } from "../../src/daemon/follower.ts";
import type { KernelHost } from "../../src/daemon/kernel/means.ts";
import { newLog } from "../../src/daemon/log.ts";
import type { StateFile } from "../../src/daemon/restarts.ts";
import type { SpeakerEnvironment } from "../../src/daemon/speaker.ts";
import type { Tables } from "../../src/daemon/tables.ts";
import type { Capability } from "../../src/messages/capabilities.ts";
import { decodeMessage } from "../../src/messages/decode.ts";
import { encodeAttributes } from "../../src/messages/describe.ts";
import type { RouteAttributes } from "../../src/messages/describe.ts";
import type { Family } from "../../src/messages/families.ts";
import { familyRow } from "../../src/messages/families.ts";
import type { Fault } from "../../src/messages/fault.ts";
import { encodeRouteRefresh } from "../../src/messages/route-refresh.ts";
import type { RouteRefresh } from "../../src/messages/route-refresh.ts";
import { encodeUpdate, endOfRib } from "../../src/messages/update.ts";
import { Acceptor } from "../../src/transport/acceptor.ts";
import { PeerSession } from "../../src/transport/peer-session.ts";
import type { SessionEnd, SessionFacts, SessionOwner, SessionParameters } from "../../src/transport/ports.ts";
import { nodeNetProvider } from "../../src/transport/provider.ts";
import type { SocketGuard } from "../../src/transport/provider.ts";
import { PHASE, VirtualClock } from "../sim/virtual-clock.ts";
import type { VirtualHost } from "../sim/virtual-clock.ts";
import { VirtualNetwork } from "../sim/virtual-network.ts";

/** Where the daemon is. */
export const DAEMON = "192.0.2.1";
/** Its AS. */
export const AS_NUMBER = 64512;

/** A configuration file as an object: the daemon's own keys over a quiet default. */
export type File = Readonly<Record<string, unknown>>;

/** The smallest file, with what a test wants to say. */
export function file(keys: File = {}): File {
  return {
    routerId: DAEMON, asNumber: AS_NUMBER, http: false, listen: [{ address: DAEMON, port: 179 }],
    control: { birdSockets: false }, ...keys,
  };
}

/** A daemon and the network that it is in. */
export class World {
  readonly clock: VirtualClock = new VirtualClock(7);
  readonly wire: VirtualNetwork;
  /** Of the daemon that runs; a crash leaves it for ever. */
  host: VirtualHost;
  readonly routers: Router[] = [];
  readonly logLines: string[] = [];
  /** What the next reload reads. */
  nextFile: File;
  /** Set by a test that wants to hold the reading up. */
  beforeReading: () => Promise<void> = async () => undefined;
  /** How long a turn of the daemon's event loop takes: its work is slower than its sockets. */
  turnMilliseconds = 0;
  /** Addresses that cannot be listened on, with the system's name for the trouble. */
  readonly refusedListeners: Map<string, string> = new Map();
  /** Where the daemon listens now, as "address port". */
  readonly listening: Set<string> = new Set();
  /** Calico mode: where intents come from; set before the start. */
  source: IntentSource | undefined;
  /** Who knows what neighbours demand; set before the start. */
  sockets: SocketGuard = nodeNetProvider;
  /** The state file, which outlives a daemon; set before the start by who wants one. */
  state: { text: string | undefined } | undefined;
  /** What stands for the daemon's process, and what closes its listeners. */
  readonly #hosts: VirtualHost[] = [];
  readonly #closers: (() => void)[] = [];
  /** Hears of the first session; set before the start. */
  routesMayCome: SpeakerEnvironment["routesMayCome"];
  /** The kernel of the daemon's host, where the file wants its routes; set before the start. */
  kernel: KernelHost | undefined;
  #daemon: RunningDaemon | undefined;

  constructor(first: File, delayMilliseconds: readonly [number, number] = [0, 2]) {
    this.wire = new VirtualNetwork(this.clock, { delayMilliseconds, fifo: false, readOctetsMax: 4096 });
    this.host = this.wire.host(DAEMON);
    this.nextFile = first;
  }

  /** A world whose daemon runs. */
  static async with(keys: File = {}): Promise<World> {
    const world = new World(file(keys));
    await world.start();
    return world;
  }

  get daemon(): RunningDaemon {
    if (this.#daemon === undefined) throw new Error("the daemon does not run");
    return this.#daemon;
  }

  get api(): DaemonApi {
    return this.daemon.api;
  }

  /** The daemon's tables, for what no view tells: ids that are in use. */
  get tables(): Tables {
    return (this.daemon as unknown as { readonly speaker: { readonly tables: Tables } }).speaker.tables;
  }

  async start(): Promise<void> {
    const read = readFile(this.nextFile);
    if ("faults" in read) throw new Error(JSON.stringify(read.faults));
    const { clock, host, state } = this;
    this.#hosts.push(host);
    const log = newLog({ level: "debug", format: "json" }, "json", () => clock.wallMilliseconds(),
      (line) => void this.logLines.push(line));
    const started = await startDaemon({
      environment: {
        clock, random: clock.random, connector: this.wire.connector(host), log,
        sockets: this.sockets,
        routesMayCome: (isOver) => this.routesMayCome?.(isOver),
        ...(state === undefined ? {} : { restarts: { file: stateFileOf(state), deferralSeconds: 15 } }),
        scheduler: {
          at: (at, run) => host.at(at, run), afterPoll: (run) => host.afterPoll(run),
          soon: (run) => void clock.schedule(clock.now() + this.turnMilliseconds, PHASE.CHECK, host, run),
        },
      },
      intent: read.intent, settings: read.settings, version: "0", node: "v0", pid: 1,
      ...(this.source === undefined ? {} : { source: this.source }),
      ...(this.kernel === undefined ? {} : { kernel: this.kernel }),
      readConfiguration: async () => {
        await this.beforeReading();
        return readFile(this.nextFile);
      },
      openListener: async ({ address, port }, onConnection) => {
        const code = this.refusedListeners.get(address);
        if (code !== undefined) return { code, why: `cannot listen on ${address}:${port}` };
        const listener = this.wire.host(address);
        const stop = this.wire.listen(listener, port, onConnection);
        this.#hosts.push(listener);
        this.#closers.push(stop);
        this.listening.add(`${address} ${port}`);
        const close = async (): Promise<void> => {
          stop();
          this.listening.delete(`${address} ${port}`);
        };
        return { address, port, close };
      },
    });
    if ("refused" in started) throw new Error(started.refused);
    this.#daemon = started;
  }

  /** SIGKILL: nothing of the daemon ever runs again, its connections break, its port is closed. */
  crash(): void {
    for (const host of this.#hosts.splice(0)) host.stoppedUntil = Infinity;
    for (const close of this.#closers.splice(0)) close();
    for (const router of this.routers) router.cut();
    this.host = this.wire.host(DAEMON);
    this.#daemon = undefined;
  }

  /** Lets virtual time pass. */
  run(seconds: number): void {
    this.clock.run(seconds * 1000);
  }

  /** Waits for a promise of the daemon's while time passes. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    void promise.then(() => { over = true; }, () => { over = true; });
    for (let i = 0; i < 5000; i++) {
      await Promise.resolve();
      if (over) return promise;
      if (i % 10 === 9) this.clock.run(100);
    }
    throw new Error("the promise is not kept");
  }

  /** Another configuration takes effect, and everything comes to rest. */
  async reload(keys: File): Promise<ReloadResult | Refusal> {
    this.nextFile = file(keys);
    const result = await this.until(this.api.reload());
    this.run(2);
    return result;
  }

  /** A router that the daemon may know as a neighbour. */
  router(address: string, changes: RouterOptions = {}): Router {
    const router = new Router(this, address, changes);
    this.routers.push(router);
    return router;
  }

  /** One session as the API tells it. */
  view(selector: string): PeerView {
    const view = this.api.peer(selector);
    if ("refused" in view) throw new Error(view.refused);
    return view;
  }

  /** Routes as the API tells them. */
  routes(query: RouteQuery = {}): RouteView[] {
    const found = this.api.routes(query);
    if ("refused" in found) throw new Error(found.refused);
    return [...found].filter((route) => route !== undefined);
  }

  /** The log's events, with their fields. */
  events(event?: string): Record<string, unknown>[] {
    return this.logLines.map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => event === undefined || line["event"] === event);
  }

  /** One sample of the metrics. */
  metric(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    return [...this.api.metrics()].find((sample) => sample.name === name &&
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value))?.value;
  }

  async stop(): Promise<void> {
    if (this.#daemon !== undefined) await this.until(this.#daemon.stop(""));
    for (const router of this.routers) router.session.stop();
    this.run(1);
  }
}

/** A state file as the system's is seen: a daemon reads it once, then writes. */
function stateFileOf(state: { text: string | undefined }): StateFile {
  return {
    found: state.text,
    write: (text) => { state.text = text; },
    remove: () => { state.text = undefined; },
    settled: async () => undefined,
  };
}

function readFile(content: File): Configuration {
  return readConfiguration(JSON.stringify(content), "test.json");
}

/** What a router is other than an iBGP speaker with everything on IPv4. */
export interface RouterOptions {
  readonly asNumber?: number;
  readonly routerId?: string;
  readonly families?: readonly Family[];
  /** Dialled, or dials; dials by default. */
  readonly passive?: boolean;
  readonly addPath?: boolean;
  readonly fourOctetAs?: boolean;
  readonly enhancedRefresh?: boolean;
  readonly role?: SessionParameters["role"];
  readonly daemonAsNumber?: number;
  readonly port?: number;
  readonly daemonAddress?: string;
  readonly retrySeconds?: number;
  /** Graceful restart as it announces it; F bits are set unless told. */
  readonly graceful?: {
    readonly restartTimeSeconds?: number;
    readonly restarting?: boolean;
    readonly notification?: boolean;
    readonly forwarding?: boolean;
    readonly families?: readonly Family[];
    readonly longLivedSeconds?: number;
  };
}

/** One route as a router was told it. */
export type ToldRoute = RouteAttributes & { readonly nextHop: string };

/** A router that says what the test says and keeps what it hears. */
export class Router implements SessionOwner {
  readonly world: World;
  readonly address: string;
  readonly session: PeerSession;
  readonly host: VirtualHost;
  readonly acceptor: Acceptor;
  facts: SessionFacts | undefined;
  readonly downs: SessionEnd[] = [];
  ups = 0;
  /** By prefix, or "prefix pathId" with ADD-PATH. */
  readonly table: Map<string, ToldRoute> = new Map();
  /** Everything heard, in order: "+prefix", "-prefix", "eor FAMILY", "refresh SUBTYPE". */
  heard: string[] = [];
  readonly #queue: Uint8Array[] = [];
  readonly #options: RouterOptions;

  constructor(world: World, address: string, options: RouterOptions) {
    this.world = world;
    this.address = address;
    this.#options = options;
    this.host = world.wire.host(address);
    const { clock } = world;
    this.acceptor = new Acceptor({ clock, scheduler: this.host, onRefused: () => undefined });
    world.wire.listen(this.host, options.port ?? 179, (connection) => this.acceptor.offer(connection));
    this.session = new PeerSession(parameters(address, options), this, {
      clock, random: clock.random, scheduler: this.host, connector: world.wire.connector(this.host),
      onEvent: () => undefined,
    });
    this.acceptor.add(this.session);
    this.session.start();
  }

  get isUp(): boolean {
    return this.facts !== undefined;
  }

  /** What was heard since the last call. */
  news(): string[] {
    const { heard } = this;
    this.heard = [];
    return heard;
  }

  /** Prefixes (with path ids) that it holds, sorted. */
  get prefixes(): string[] {
    return [...this.table.keys()].sort();
  }

  announce(prefixes: readonly string[], attributes: Partial<ToldRoute> = {}, pathId = 0): void {
    const { nextHop = this.address, ...rest } = attributes;
    const ibgp = (this.#options.asNumber ?? AS_NUMBER) === (this.#options.daemonAsNumber ?? AS_NUMBER);
    const own = ibgp ? [] : [{ type: "sequence" as const, asns: [this.#options.asNumber ?? AS_NUMBER] }];
    const block = encodeAttributes({
      origin: "igp", asPath: own, ...(ibgp ? { localPref: 100 } : {}), ...rest,
    });
    const items = prefixes.map((prefix) => ({ prefix: parsePrefix(prefix)!, pathId }));
    const family = familyOfText(prefixes[0]!);
    this.say(encodeUpdate({
      family, announced: items, attributes: block, nextHop: parseAddress(nextHop)!,
      addPath: this.facts?.negotiated.addPathSend.includes(family) === true,
      fourOctetAs: this.#options.fourOctetAs !== false,
    }));
  }

  withdraw(prefixes: readonly string[], pathId = 0): void {
    const items = prefixes.map((prefix) => ({ prefix: parsePrefix(prefix)!, pathId }));
    const family = familyOfText(prefixes[0]!);
    this.say(encodeUpdate({
      family, withdrawn: items, addPath: this.facts?.negotiated.addPathSend.includes(family) === true,
    }));
  }

  endOfRib(family: Family = "ipv4-unicast"): void {
    this.say(endOfRib(family));
  }

  refresh(subtype = 0, family: Family = "ipv4-unicast"): void {
    const { afi, safi } = familyRow(family);
    this.say(encodeRouteRefresh({ afi, safi, subtype }));
  }

  /** Octets as they are. */
  say(message: Uint8Array): void {
    this.#queue.push(message);
    this.session.wake();
  }

  /** Ends its session without a word, as a router that loses its power. */
  cut(): void {
    this.world.wire.cut(this.address, this.#options.daemonAddress ?? DAEMON);
  }

  up(facts: SessionFacts): void {
    this.facts = facts;
    this.ups++;
    this.table.clear();
    this.heard.push("up");
  }

  down(end: SessionEnd): void {
    this.facts = undefined;
    this.downs.push(end);
    this.#queue.length = 0;
    this.heard.push(`down ${end.code}/${end.subcode}`);
  }

  pull(): Uint8Array | undefined {
    return this.#queue.shift();
  }

  sent(): void {
    // Nobody counts.
  }

  routeRefresh({ subtype }: RouteRefresh): void {
    this.heard.push(`refresh ${subtype}`);
  }

  update(message: Uint8Array): Fault | undefined {
    const addPath = this.facts!.negotiated.addPathReceive;
    const { asNumber = AS_NUMBER, daemonAsNumber = AS_NUMBER } = this.#options;
    const decoded = decodeMessage(message.slice(), {
      ebgp: asNumber !== daemonAsNumber, fourOctetAs: this.facts!.negotiated.fourOctetAs, addPath,
    }) as unknown as Decoded;
    if (decoded.disposition !== "ok") throw new Error(`a bad UPDATE: ${JSON.stringify(decoded.faults)}`);
    if (decoded.endOfRib !== undefined) this.heard.push(`eor ${decoded.endOfRib}`);
    for (const route of decoded.withdrawn) {
      const key = keyOf(route);
      if (!this.table.delete(key)) this.heard.push(`never told: -${key}`);
      this.heard.push(`-${key}`);
    }
    // One object for all routes of a message with one next hop: tables are large.
    let told: ToldRoute | undefined;
    for (const route of decoded.announced) {
      const key = keyOf(route);
      if (told === undefined || told.nextHop !== route.nextHop) {
        told = { ...decoded.attributes, nextHop: route.nextHop! };
      }
      this.table.set(key, told);
      this.heard.push(`+${key}`);
    }
    return undefined;
  }
}

interface DecodedRoute { readonly prefix: string; readonly pathId?: number; readonly nextHop?: string }
interface Decoded {
  readonly announced: readonly DecodedRoute[];
  readonly withdrawn: readonly DecodedRoute[];
  readonly attributes: RouteAttributes;
  readonly endOfRib?: string;
  readonly disposition: string;
  readonly faults: unknown;
}

function keyOf({ prefix, pathId }: DecodedRoute): string {
  return pathId === undefined ? prefix : `${prefix} ${pathId}`;
}

function familyOfText(prefix: string): Family {
  return prefix.includes(":") ? "ipv6-unicast" : "ipv4-unicast";
}

function parameters(address: string, options: RouterOptions): SessionParameters {
  const { asNumber = AS_NUMBER, daemonAsNumber = AS_NUMBER, families = ["ipv4-unicast"], addPath = false } = options;
  const rows = families.map(familyRow);
  const capabilities: Capability[] = rows.map(({ afi, safi }) => ({ name: "multiprotocol", afi, safi }));
  capabilities.push({ name: "routeRefresh" });
  if (options.fourOctetAs !== false) capabilities.push({ name: "fourOctetAs", asNumber });
  if (options.role !== undefined) capabilities.push({ name: "role", role: options.role });
  if (addPath) {
    const both = rows.map(({ afi, safi }) => ({ afi, safi, receive: true, send: true }));
    capabilities.push({ name: "addPath", families: both });
  }
  if (options.graceful !== undefined) capabilities.push(...gracefulOf(options.graceful, families));
  if (options.enhancedRefresh !== false) capabilities.push({ name: "enhancedRouteRefresh" });
  return {
    name: "daemon", address: options.daemonAddress ?? DAEMON, port: 179, localAddress: address,
    passive: options.passive ?? false,
    asNumber: daemonAsNumber, localAsNumber: asNumber, routerId: parseIpv4(options.routerId ?? routerIdOf(address))!,
    holdTimeSeconds: 90, connectRetrySeconds: options.retrySeconds ?? 1, idleHoldSeconds: [1, 1], families,
    capabilities,
    role: options.role,
  };
}

/** An IPv4 address names its router; of an IPv6 one the last group does. */
function routerIdOf(address: string): string {
  return address.includes(":") ? formatIpv4(0x0a000000 + parseInt(address.split(":").pop()!, 16)) : address;
}

function gracefulOf(graceful: NonNullable<RouterOptions["graceful"]>, families: readonly Family[]): Capability[] {
  const { restartTimeSeconds = 120, restarting = false, notification = false, forwarding = true } = graceful;
  const kept = (graceful.families ?? families).map(familyRow).map(({ afi, safi }) => ({ afi, safi, forwarding }));
  const plain: Capability = {
    name: "gracefulRestart", restarting, notification, restartTimeSeconds, families: kept,
  };
  const { longLivedSeconds } = graceful;
  if (longLivedSeconds === undefined) return [plain];
  const long = kept.map((family) => ({ ...family, staleTimeSeconds: longLivedSeconds }));
  return [plain, { name: "longLivedGracefulRestart", families: long }];
}
