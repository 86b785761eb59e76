/**
 * Reflectors and clients on virtual time, killed and started again at random: who is not killed keeps every route at
 * every moment, and when all has come to rest nothing is stale and nothing is missing. Clients and reflectors are
 * killed in turns: a reflector does not wait for a client that restarted with it (RFC 4724 §4.1 exempts those).
 */

import { describe, expect, it } from "vitest";
import { parseIpv4 } from "../../src/base/address.ts";
import { parsePrefix } from "../../src/base/prefix.ts";
import type { Intent, PeerIntent, Policy } from "../../src/config/intent.ts";
import { SILENT } from "../../src/daemon/log.ts";
import type { StateFile } from "../../src/daemon/restarts.ts";
import { Speaker } from "../../src/daemon/speaker.ts";
import { IPV4_UNICAST } from "../../src/messages/families.ts";
import { PATH_FLAGS } from "../../src/rib/rib.ts";
import type { PathIndex, PrefixId } from "../../src/rib/ids.ts";
import { nodeNetProvider } from "../../src/transport/provider.ts";
import { seededRandom, VirtualClock } from "./virtual-clock.ts";
import type { VirtualHost } from "./virtual-clock.ts";
import { VirtualNetwork } from "./virtual-network.ts";

const AS_NUMBER = 64512;
const RUNS = process.env["REFLECTD_SOAK"] === "1" ? 400 : 25;
const RESTART_SECONDS = 120;
const ACCEPT: Policy = { default: "accept", rules: [], missing: false };
/** Longer than hello and table take, shorter than any wait for somebody who is dead. */
const STEP_MILLISECONDS = 50;

/** A speaker that can be killed; its file outlives it. */
interface Node {
  readonly name: string;
  readonly address: string;
  readonly neighbors: readonly string[];
  readonly isReflector: boolean;
  text: string | undefined;
  hosts: VirtualHost[];
  close: () => void;
  speaker: Speaker | undefined;
}

class Network {
  readonly clock: VirtualClock;
  readonly random: () => number;
  readonly #wire: VirtualNetwork;
  readonly nodes: Map<string, Node> = new Map();

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.clock = new VirtualClock(seed);
    this.#wire = new VirtualNetwork(this.clock, { delayMilliseconds: [0, 20], fifo: false, readOctetsMax: 300 });
    const clients = ["c1", "c2", "c3", "c4"];
    const reflectors = this.random() < 0.5 ? ["r1"] : ["r1", "r2"];
    const add = (name: string, address: string, neighbors: readonly string[], isReflector: boolean): void => {
      this.nodes.set(name, {
        name, address, neighbors, isReflector, text: undefined, hosts: [], close: () => undefined, speaker: undefined,
      });
    };
    for (const [i, name] of reflectors.entries()) add(name, `192.0.2.${i + 1}`, clients, true);
    for (const [i, name] of clients.entries()) add(name, `192.0.2.${i + 101}`, reflectors, false);
    for (const node of this.nodes.values()) this.start(node);
  }

  start(node: Node): void {
    const host = this.#wire.host(node.address);
    const listener = this.#wire.host(node.address);
    const file: StateFile = {
      found: node.text, write: (text) => { node.text = text; }, remove: () => { node.text = undefined; },
      settled: async () => undefined,
    };
    node.speaker = new Speaker({
      clock: this.clock, random: this.random, scheduler: host, connector: this.#wire.connector(host), log: SILENT,
      sockets: nodeNetProvider, restarts: { file, deferralSeconds: 15 },
    }, this.#intentOf(node));
    const { acceptor } = node.speaker.neighbours;
    node.close = this.#wire.listen(listener, 179, (connection) => acceptor.offer(connection));
    node.hosts = [host, listener];
  }

  /** SIGKILL. */
  kill(node: Node): void {
    for (const host of node.hosts) host.stoppedUntil = Infinity;
    node.close();
    node.speaker = undefined;
    for (const name of node.neighbors) this.#wire.cut(node.address, this.nodes.get(name)!.address);
  }

  /** The prefixes that a speaker has a path for. */
  held({ speaker }: Node): string[] {
    const rib = speaker!.tables.ribs[IPV4_UNICAST.index]!;
    const found: string[] = [];
    for (let id = 1; id <= rib.prefixes.idsMax; id++) {
      const prefix = id as PrefixId;
      if (rib.prefixes.isLive(prefix) && this.#hasLive(speaker!, prefix)) found.push(rib.prefixes.format(prefix));
    }
    return found.sort();
  }

  #hasLive({ tables }: Speaker, prefix: PrefixId): boolean {
    const rib = tables.ribs[IPV4_UNICAST.index]!;
    for (let path = rib.firstOfPrefix(prefix); path !== 0; path = rib.nextOfPrefix(path)) {
      if (rib.isLive(path)) return true;
    }
    return false;
  }

  stale({ speaker }: Node): number {
    const rib = speaker!.tables.ribs[IPV4_UNICAST.index]!;
    let count = 0;
    for (let path = 1; path <= rib.pathsMax; path++) {
      if (rib.isLive(path as PathIndex) && (rib.flagsOf(path as PathIndex) & PATH_FLAGS.STALE) !== 0) count++;
    }
    return count;
  }

  stop(): void {
    for (const one of this.nodes.values()) {
      one.speaker?.stop("");
      one.close();
    }
  }

  #intentOf(self: Node): Intent {
    const routerId = parseIpv4(self.address)!;
    const prefix = parsePrefix(`10.0.${routerId & 0xff}.0/24`)!;
    return {
      speaker: { routerId, asNumber: AS_NUMBER, clusterId: 1, listen: [], onStop: "restart" },
      peers: self.neighbors.map((name) => this.#peerIntent(name, self.isReflector)),
      originated: self.isReflector ? [] : [{
        prefix, nextHop: undefined, communities: [], largeCommunities: [], localPref: 100, med: undefined,
      }],
    };
  }

  #peerIntent(name: string, client: boolean): PeerIntent {
    const { address } = this.nodes.get(name)!;
    return {
      name, where: { kind: "address", address, port: 179 }, description: "", enabled: true, type: "node",
      asNumber: AS_NUMBER, localAsNumber: AS_NUMBER, localAddress: undefined, passive: false, role: undefined,
      roleStrict: false, enforceFirstAs: true, rejectAsSets: true, routeReflectorClient: client, clusterId: 1,
      families: ["ipv4-unicast"], addPath: "off", addPathSendMax: Infinity,
      holdTimeSeconds: 90, keepaliveTimeSeconds: undefined, connectRetrySeconds: 2, idleHoldSeconds: [1, 2],
      nextHop: "auto", prefixLimit: {}, allowOwnAs: 0, import: ACCEPT, export: ACCEPT,
      passwordFile: undefined, passwordSecret: undefined, password: undefined, ttlSecurityHops: undefined,
      gracefulRestart: { restartTimeSeconds: RESTART_SECONDS },
    };
  }
}

/** One life: somebody is killed, comes back, and so on; `c1` watches and is never killed. */
function live(network: Network, reached: Record<string, number>): void {
  const { nodes, clock, random } = network;
  const witness = nodes.get("c1")!;
  clock.run(10_000);
  const all = network.held(witness);
  expect(all).toHaveLength(4);
  const everything = all.join();
  const watch = (milliseconds: number): void => {
    for (let passed = 0; passed < milliseconds; passed += STEP_MILLISECONDS) {
      clock.run(STEP_MILLISECONDS);
      const held = network.held(witness);
      // Asked a hundred thousand times: an `expect` each costs more than what is tested.
      if (held.join() !== everything) expect(held, `at ${clock.now()}`).toEqual(all);
    }
  };
  for (let round = 0; round < 3; round++) {
    const reflectors = random() < 0.6;
    const mortal = [...nodes.values()].filter((one) =>
      one !== witness && one.isReflector === reflectors && random() < 0.7);
    for (const one of mortal) {
      network.kill(one);
      reached[one.isReflector ? "reflectors" : "clients"]!++;
      watch(random() < 0.5 ? 0 : random() * 3000);
    }
    watch(random() * 10_000);
    for (const one of mortal) {
      network.start(one);
      watch(random() < 0.5 ? 0 : random() * 3000);
    }
    const again = random() < 0.3 ? mortal[0] : undefined;
    if (again !== undefined) { // in the middle of its recovery
      watch(random() * 4000);
      network.kill(again);
      watch(random() * 3000);
      network.start(again);
      reached["inRecovery"]!++;
    }
    watch(60_000);
  }
  for (const one of nodes.values()) {
    expect(network.held(one), one.name).toEqual(all);
    expect(network.stale(one), one.name).toBe(0);
  }
}

describe("speakers that are killed and started again", () => {
  it(`cost nobody a route, in ${RUNS} seeded runs`, () => {
    const reached = { reflectors: 0, clients: 0, inRecovery: 0 };
    for (let seed = 1; seed <= RUNS; seed++) {
      const network = new Network(seed);
      try {
        live(network, reached);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      network.stop();
    }
    for (const [what, times] of Object.entries(reached)) expect(times, `${what} were reached`).toBeGreaterThan(0);
  }, 600_000);

  it("who is away for longer than its Restart Time is forgotten", () => {
    const network = new Network(1);
    const { nodes, clock } = network;
    clock.run(10_000);
    network.kill(nodes.get("c2")!);
    clock.run((RESTART_SECONDS - 10) * 1000);
    expect(network.held(nodes.get("c1")!)).toHaveLength(4);
    clock.run(20_000);
    expect(network.held(nodes.get("c1")!)).toHaveLength(3);
    network.stop();
  });
});
