/**
 * Random networks of reflectors and clients on virtual time: links with delay and split reads that are cut, speakers
 * that restart, routes that come and go. When everything has settled, every Loc-RIB is what the naive model says.
 */

import { describe, expect, it } from "vitest";
import { formatIpv4, parseIpv4 } from "../../src/base/address.ts";
import { parsePrefix } from "../../src/base/prefix.ts";
import type { Intent, PeerIntent, Policy } from "../../src/config/intent.ts";
import { SILENT } from "../../src/daemon/log.ts";
import { pathView } from "../../src/daemon/route-view.ts";
import { Speaker } from "../../src/daemon/speaker.ts";
import { IPV4_UNICAST } from "../../src/messages/families.ts";
import type { PrefixId } from "../../src/rib/ids.ts";
import { nodeNetProvider } from "../../src/transport/provider.ts";
import { settle } from "./naive-topology.ts";
import type { ModelNode, ModelSession } from "./naive-topology.ts";
import { seededRandom, VirtualClock } from "./virtual-clock.ts";
import type { VirtualHost } from "./virtual-clock.ts";
import { VirtualNetwork } from "./virtual-network.ts";

const AS_NUMBER = 64512;
const PREFIXES = ["10.0.0.0/26", "10.0.0.64/26", "10.0.1.0/24"];
const SETTLE_MILLISECONDS = 200_000;
const ACCEPT: Policy = { default: "accept", rules: [], missing: false };
const RUNS = process.env["REFLECTD_SOAK"] === "1" ? 600 : 40;

interface Plan {
  readonly name: string;
  readonly address: string;
  readonly sessions: Map<string, ModelSession>;
  readonly own: Map<string, { localPref: number; med: number }>;
}

interface Running {
  readonly host: VirtualHost;
  speaker: Speaker;
  close: () => void;
}

/** What happened in all runs, so that a run that reaches nothing is seen. */
const reached = {
  cuts: 0, restarts: 0, changes: 0, differentClusters: 0, mutualClients: 0, notReflected: 0, addPath: 0,
};

class Network {
  readonly #random: () => number;
  readonly #clock: VirtualClock;
  readonly #wire: VirtualNetwork;
  readonly #plans = new Map<string, Plan>();
  readonly #running = new Map<string, Running>();
  readonly addPath: boolean;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#clock = new VirtualClock(seed);
    this.#wire = new VirtualNetwork(this.#clock, { delayMilliseconds: [0, 40], fifo: false, readOctetsMax: 200 });
    this.addPath = this.#chance(0.4);
    if (this.addPath) reached.addPath++;
    this.#draw();
    for (const plan of this.#plans.values()) this.#start(plan);
  }

  /** A life: things happen, then all comes to rest. */
  live(): void {
    this.#clock.run(this.#random() * 20_000);
    for (let n = Math.floor(this.#random() * 8); n > 0; n--) {
      this.#disturb();
      this.#clock.run(this.#random() * 15_000);
    }
    this.#clock.run(SETTLE_MILLISECONDS);
  }

  /** Every Loc-RIB as text, by speaker and prefix. */
  actual(): Record<string, string> {
    const found: Record<string, string> = {};
    for (const [name, { speaker }] of this.#running) {
      const rib = speaker.tables.ribs[IPV4_UNICAST.index]!;
      for (let id = 1; id <= rib.prefixes.idsMax; id++) {
        if (!rib.prefixes.isLive(id as PrefixId) || rib.best(id as PrefixId) === 0) continue;
        const view = pathView(rib.best(id as PrefixId), IPV4_UNICAST, speaker, false);
        const from = view.from.name === "local" ? "" : view.from.name;
        found[`${name} ${view.prefix}`] =
          this.#text(from, view.localPref ?? 100, view.originatorId ?? "", view.clusterList ?? []);
      }
    }
    return found;
  }

  expected(): Record<string, string> {
    const model = new Map([...this.#plans].map(([name, plan]): [string, ModelNode] =>
      [name, { name, routerId: parseIpv4(plan.address)!, sessions: plan.sessions, own: plan.own }]));
    const found: Record<string, string> = {};
    for (const [name, table] of settle(model, this.addPath)) {
      for (const [prefix, [best, ...others]] of table) {
        if (best === undefined) continue;
        if ([best, ...others].some(({ notReflected }) => notReflected)) reached.notReflected++;
        const originator = best.originatorId === 0 ? "" : formatIpv4(best.originatorId);
        found[`${name} ${prefix}`] =
          this.#text(best.from, best.localPref, originator, best.clusterList.map(formatIpv4));
      }
    }
    return found;
  }

  /** UPDATEs sent so far by everyone: at rest they do not grow. */
  updates(): number {
    let sum = 0;
    for (const { speaker } of this.#running.values()) {
      for (const { session } of speaker.neighbours.all()) sum += session.traffic.snapshot().messages.out.update;
    }
    return sum;
  }

  /** A minute without any event. */
  rest(): void {
    this.#clock.run(60_000);
  }

  stop(): void {
    for (const { speaker, close } of this.#running.values()) {
      speaker.stop("");
      close();
    }
  }

  #draw(): void {
    const reflectors = this.#names("r", 1 + this.#below(3));
    const clients = this.#names("c", 2 + this.#below(4));
    const sameCluster = this.#chance(0.4);
    const mutual = this.#chance(0.3);
    if (!sameCluster && reflectors.length > 1) reached.differentClusters++;
    if (mutual && reflectors.length > 1) reached.mutualClients++;
    const clusterOf = (name: string): number => (sameCluster ? 1 : reflectors.indexOf(name) + 1);
    for (const [i, a] of reflectors.entries()) {
      for (const b of reflectors.slice(i + 1)) {
        this.#connect(a, mutual ? clusterOf(a) : 0, b, mutual ? clusterOf(b) : 0);
      }
    }
    for (const client of clients) {
      const chosen = reflectors.filter(() => this.#chance(0.6));
      for (const reflector of chosen.length > 0 ? chosen : [reflectors[0]!]) {
        this.#connect(reflector, this.#chance(0.1) ? 9 : clusterOf(reflector), client, 0);
      }
    }
    for (const plan of this.#plans.values()) this.#originate(plan);
  }

  #names(letter: string, count: number): string[] {
    const base = letter === "r" ? 1 : 101;
    return Array.from({ length: count }, (_, i) => {
      const name = `${letter}${i + 1}`;
      this.#plans.set(name, { name, address: `192.0.2.${base + i}`, sessions: new Map(), own: new Map() });
      return name;
    });
  }

  /** A session; a cluster id other than 0 makes the far end a client. */
  #connect(a: string, clusterA: number, b: string, clusterB: number): void {
    const [one, other] = [this.#plans.get(a)!, this.#plans.get(b)!];
    const side = (cluster: number, self: Plan, far: Plan): ModelSession => ({
      client: cluster !== 0, clusterId: cluster !== 0 ? cluster : parseIpv4(self.address)!,
      peerAddress: parseIpv4(far.address)!,
    });
    one.sessions.set(b, side(clusterA, one, other));
    other.sessions.set(a, side(clusterB, other, one));
  }

  #originate(plan: Plan): void {
    plan.own.clear();
    for (const prefix of PREFIXES) {
      if (!this.#chance(0.5)) continue;
      plan.own.set(prefix, { localPref: 100 + this.#below(2), med: this.#below(2) });
    }
  }

  #disturb(): void {
    const names = [...this.#plans.keys()];
    const plan = this.#plans.get(names[this.#below(names.length)]!)!;
    const kind = this.#below(3);
    if (kind === 0) {
      const others = [...plan.sessions.keys()];
      const other = this.#plans.get(others[this.#below(others.length)]!)!;
      this.#wire.cut(plan.address, other.address);
      reached.cuts++;
    } else if (kind === 1) {
      const running = this.#running.get(plan.name)!;
      running.speaker.stop("restart");
      running.close();
      this.#start(plan);
      reached.restarts++;
    } else {
      this.#originate(plan);
      this.#running.get(plan.name)!.speaker.apply(this.#intentOf(plan));
      reached.changes++;
    }
  }

  #start(plan: Plan): void {
    const host = this.#wire.host(plan.address);
    const speaker = new Speaker({
      clock: this.#clock, random: this.#random, scheduler: host, connector: this.#wire.connector(host), log: SILENT,
      sockets: nodeNetProvider,
    }, this.#intentOf(plan));
    const close = this.#wire.listen(host, 179, (connection) => speaker.neighbours.acceptor.offer(connection));
    this.#running.set(plan.name, { host, speaker, close });
  }

  #intentOf(plan: Plan): Intent {
    const routerId = parseIpv4(plan.address)!;
    return {
      speaker: { routerId, asNumber: AS_NUMBER, clusterId: routerId, listen: [], onStop: "shutdown" },
      peers: [...plan.sessions].map(([name, session]) => this.#peerIntent(this.#plans.get(name)!, session)),
      originated: [...plan.own].map(([prefix, { localPref, med }]) => ({
        prefix: parsePrefix(prefix)!, nextHop: undefined, communities: [], largeCommunities: [], localPref, med,
      })),
    };
  }

  #peerIntent({ name, address }: Plan, { client, clusterId }: ModelSession): PeerIntent {
    return {
      name, where: { kind: "address", address, port: 179 }, description: "", enabled: true, type: "node",
      asNumber: AS_NUMBER, localAsNumber: AS_NUMBER, localAddress: undefined, passive: false, role: undefined,
      roleStrict: false, enforceFirstAs: true, rejectAsSets: true, routeReflectorClient: client, clusterId,
      families: ["ipv4-unicast"], addPath: this.addPath ? "both" : "off", addPathSendMax: Infinity,
      holdTimeSeconds: 90, keepaliveTimeSeconds: undefined, connectRetrySeconds: 5, idleHoldSeconds: [1, 4],
      nextHop: "auto", prefixLimit: {}, allowOwnAs: 0, import: ACCEPT, export: ACCEPT,
      passwordFile: undefined, passwordSecret: undefined, password: undefined, ttlSecurityHops: undefined,
      gracefulRestart: undefined,
    };
  }

  /** With ADD-PATH a tie goes to the smaller path identifier, which only the sender knows: the list's length counts. */
  #text(from: string, localPref: number, originator: string, clusterList: readonly string[]): string {
    const clusters = this.addPath ? clusterList.length : clusterList.join(" ");
    return `from ${from || "here"} lp ${localPref} originator ${originator} clusters ${clusters}`;
  }

  #chance(part: number): boolean {
    return this.#random() < part;
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }
}

describe("networks of reflectors and clients", () => {
  it(`settle as the model says, in ${RUNS} seeded runs`, () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const network = new Network(seed);
      network.live();
      expect(network.actual(), `seed ${seed}`).toEqual(network.expected());
      const before = network.updates();
      network.rest();
      expect(network.updates() - before, `UPDATEs at rest, seed ${seed}`).toBe(0);
      network.stop();
    }
    for (const [what, times] of Object.entries(reached)) expect(times, `${what} were reached`).toBeGreaterThan(0);
  }, 600_000);
});
