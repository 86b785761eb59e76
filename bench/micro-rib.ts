/**
 * What the table engine costs, by itself: nanoseconds per operation and octets per route. Run by hand:
 *   npx tsc -p tsconfig.json --noEmit false --outDir /tmp/reflectd-bench
 *   echo '{ "type": "module" }' > /tmp/reflectd-bench/package.json
 *   node --expose-gc /tmp/reflectd-bench/bench/micro-rib.js
 * Rule: figures are printed, nothing is asserted; loads are large (a million routes, 200,000 sets).
 */

import { performance } from "node:perf_hooks";
import { EMPTY, writeU32 } from "../src/base/bytes.ts";
import { IPV4_UNICAST } from "../src/messages/families.ts";
import { AttributeStore } from "../src/rib/attribute-store.ts";
import { OWN_PEER } from "../src/rib/ids.ts";
import type { AttributesId, PeerId, PrefixId } from "../src/rib/ids.ts";
import { PeerTable } from "../src/rib/peer-table.ts";
import { Rib } from "../src/rib/rib.ts";

const ROUTES = 1_000_000;
const PER_SET = 5;
const PEERS = 10;

/** ORIGIN, AS_PATH of one AS, NEXT_HOP, LOCAL_PREF and two communities, in canonical order. */
function blockOf(serial: number, into: Uint8Array): number {
  const head = [0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xfb, 0xf0, 0x40, 3, 4, 10, 0, 0, 1, 0x40, 5, 4, 0, 0, 0, 100];
  into.set(head);
  into.set([0xc0, 8, 8], head.length);
  writeU32(into, head.length + 3, serial);
  writeU32(into, head.length + 7, ~serial >>> 0);
  return head.length + 11;
}

function measure(what: string, operations: number, work: () => void): void {
  const from = performance.now();
  work();
  const milliseconds = performance.now() - from;
  const each = ((milliseconds * 1e6) / operations).toFixed(0).padStart(6);
  console.log(`${what.padEnd(44)} ${milliseconds.toFixed(0).padStart(6)} ms ${each} ns/op`);
}

/** Names the resident memory, after a collection where node was started with --expose-gc. */
function memory(what: string): void {
  (globalThis as { gc?: () => void }).gc?.();
  console.log(`${what.padEnd(44)} ${(process.memoryUsage().rss / 2 ** 20).toFixed(0).padStart(6)} MiB resident`);
}

function cycle(rib: Rib, store: AttributeStore, peers: readonly PeerId[]): void {
  const block = new Uint8Array(64);
  const sets = new Uint32Array(ROUTES / PER_SET);
  const ids = new Uint32Array(ROUTES);
  measure("intern 200,000 attribute sets", sets.length, () => {
    for (let i = 0; i < sets.length; i++) {
      sets[i] = store.intern(block, 0, blockOf(i, block), EMPTY);
      store.alias(block, 0, 38, 1, EMPTY, 0, 0, sets[i] as AttributesId, false);
      store.retain(sets[i] as AttributesId);
    }
  });
  measure("resolve 200,000 raw blocks", sets.length, () => {
    for (let i = 0; i < sets.length; i++) store.resolve(block, 0, blockOf(i, block), 1, EMPTY, 0, 0);
  });
  const announce = (): void => {
    for (let i = 0; i < ROUTES; i++) {
      const prefix = rib.prefixes.intern((0x0a00_0000 + i * 64) >>> 0, 0, 0, 0, 26);
      ids[i] = prefix;
      const set = sets[Math.floor(i / PER_SET)] as AttributesId;
      rib.announce(peers[Math.floor(i / (ROUTES / PEERS))]!, prefix, 0, set, set, 0, 1);
    }
  };
  measure("intern and announce 1,000,000 new routes", ROUTES, announce);
  measure("intern and announce the same again", ROUTES, announce);
  const decide = (): void => {
    for (let prefix = rib.takeDirty(); prefix !== 0; prefix = rib.takeDirty()) {
      rib.decide(prefix);
      rib.bury(prefix);
    }
  };
  measure("take dirty, decide (one candidate), bury", ROUTES, decide);
  memory(`${(rib.octets / ROUTES).toFixed(1)} octets per route, ${(store.octets / sets.length).toFixed(1)} per set`);
  second(rib, peers, ids, sets, decide);
  measure("drop all peers", 2 * ROUTES, () => {
    for (const peer of peers) rib.dropPeer(peer, Infinity);
  });
  measure("decide (no candidate), bury", ROUTES, decide);
  measure("reap paths and prefixes", 3 * ROUTES, () => {
    while (rib.reap(() => true, 10_000) > 0);
  });
  for (const set of sets) store.release(set as AttributesId);
  memory(`left: ${rib.octets} octets of table, ${store.octets} of store`);
}

/** A second path for every prefix, from the next peer. */
function second(
  rib: Rib, peers: readonly PeerId[], ids: Uint32Array, sets: Uint32Array, decide: () => void,
): void {
  measure("announce a second path of each", ROUTES, () => {
    for (let i = 0; i < ROUTES; i++) {
      const set = sets[Math.floor(i / PER_SET)] as AttributesId;
      rib.announce(peers[(Math.floor(i / (ROUTES / PEERS)) + 1) % PEERS]!, ids[i] as PrefixId, 0, set, set, 0, 1);
    }
  });
  measure("take dirty, decide (two candidates), bury", ROUTES, decide);
}

function main(): void {
  const store = new AttributeStore({ seed: 12_345 });
  const peers = new PeerTable();
  const rib = new Rib({ family: IPV4_UNICAST, seed: 54_321, attributes: store, peers });
  const ids: PeerId[] = [];
  for (let i = 0; i < PEERS; i++) {
    ids.push(peers.add({ ...peers.get(OWN_PEER), name: `p${i}`, own: false, routerId: i + 1, remotePort: i }));
  }
  memory("idle");
  for (let round = 1; round <= 2; round++) {
    console.log(`round ${round}`);
    cycle(rib, store, ids);
  }
}

main();
