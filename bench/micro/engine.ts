/** The daemon's tables without sockets: what the micro-benchmarks work on. */

import { EMPTY } from "../../src/base/bytes.ts";
import { newTables } from "../../src/daemon/tables.ts";
import type { Tables } from "../../src/daemon/tables.ts";
import { FAMILIES, IPV4_UNICAST } from "../../src/messages/families.ts";
import { encodeUpdate } from "../../src/messages/update.ts";
import { CompiledPolicy } from "../../src/reflector/filters.ts";
import type { IngressSession } from "../../src/reflector/ingress.ts";
import { ExportTarget } from "../../src/reflector/target.ts";
import type { PeerId } from "../../src/rib/ids.ts";

const OUR_AS = 64_512;
const OUR_ROUTER_ID = 0xc0a8_0104;
const CLUSTER_ID = 0xf400_0001;
const SEED = 12_345;
const NEXT_HOP = Uint8Array.of(10, 0, 0, 1);

/** Tables, and clients that announce into them. */
export interface Engine {
  readonly tables: Tables;
  readonly peers: readonly PeerId[];
  readonly sessions: readonly IngressSession[];
}

/** Empty tables with so many clients; the same hashes in every run. */
export function newEngine(clients: number): Engine {
  let state = SEED;
  const tables = newTables(() => ((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32));
  const peers = Array.from({ length: clients }, (_, i) => addClient(tables, i));
  return { tables, peers, sessions: peers.map(sessionOf) };
}

function addClient({ peers, sources }: Tables, index: number): PeerId {
  const routerId = 0x0a01_0001 + index;
  const peer = peers.add({
    name: `client${index}`, ebgp: false, own: false, client: true, clusterId: CLUSTER_ID, routerId,
    address: Uint8Array.of(10, 1, index >>> 8, index & 255), remotePort: 179, localAs: OUR_AS, asNumber: OUR_AS,
  });
  sources.set({ peer, kind: "client", own: false, routerId, clusterId: CLUSTER_ID, localAsNumber: OUR_AS });
  return peer;
}

const ACCEPT_ALL = new CompiledPolicy({ rules: [], default: "accept", missing: false }, true);

/** IPv4 unicast, 4-octet AS numbers, no ADD-PATH, nothing filtered. */
function sessionOf(peer: PeerId): IngressSession {
  return {
    peer, contextKey: 2, policy: ACCEPT_ALL, limits: [],
    context: { ebgp: false, fourOctetAs: true, addPath: [], extendedNextHop: [], loopback: false,
      families: ["ipv4-unicast"] },
    rules: {
      ebgp: false, client: true, asNumber: OUR_AS, localAsNumber: OUR_AS, routerId: OUR_ROUTER_ID,
      clusterIds: [CLUSTER_ID], role: undefined, enforceFirstAs: true, rejectAsSets: true, allowOwnAs: 0,
      isOurs: () => false,
    },
    negotiated: FAMILIES.map(({ name }) => name === "ipv4-unicast"), addPath: FAMILIES.map(() => false),
  };
}

/** What a plain client is told. */
export function clientTarget(): ExportTarget {
  return new ExportTarget({
    family: IPV4_UNICAST, kind: "client", localAsNumber: OUR_AS, clusterId: CLUSTER_ID, nextHop: "auto",
    selfAddress: EMPTY, role: undefined, policy: ACCEPT_ALL, addPathMax: 0, fourOctetAs: true,
    messageOctetsMax: 4_096, extendedNextHop: false,
  });
}

const word = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

/** ORIGIN, AS_PATH of three AS numbers, MED, LOCAL_PREF and two communities; another block for each serial. */
export function blockOf(serial: number): Uint8Array {
  return Uint8Array.from([
    0x40, 1, 1, 0, 0x40, 2, 14, 2, 3, ...word(64_600), ...word(65_001), ...word(65_002), 0x80, 4, 4, ...word(serial),
    0x40, 5, 4, ...word(100), 0xc0, 8, 8, ...word(serial), ...word(~serial >>> 0),
  ]);
}

/** The same with NEXT_HOP in its place: as a set is stored. */
export function storedBlockOf(serial: number): Uint8Array {
  const block = blockOf(serial);
  const afterPath = 21;
  return Uint8Array.from([...block.subarray(0, afterPath), 0x40, 3, 4, ...NEXT_HOP, ...block.subarray(afterPath)]);
}

/** The address of prefix `index`, a /26 of 16.0.0.0/6. */
export function addressOf(index: number): number {
  return 0x1000_0000 + index * 64;
}

/** One UPDATE that announces prefixes [from, from + count) with the attributes of `serial`. */
export function announcement(serial: number, from: number, count: number): Uint8Array {
  const announced = Array.from({ length: count }, (_, i) =>
    ({ prefix: { address: Uint8Array.from(word(addressOf(from + i))), length: 26 }, pathId: 0 }));
  return encodeUpdate({ family: "ipv4-unicast", announced, attributes: blockOf(serial), nextHop: NEXT_HOP });
}
