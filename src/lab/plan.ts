/**
 * What the lab is made of, as values: one reflector and N nodes on loopback, each with blocks as Calico hands them
 * out. Rule: everything follows from the number of nodes and the port; nothing here opens anything.
 */

import { formatIpv4, parseAddress } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import type { Prefix } from "../base/prefix.ts";

/** One speaker of the lab. */
export interface LabNode {
  readonly name: string;
  /** Address, BGP Identifier and next hop of the node, as on a Calico node. */
  readonly address: string;
  /** /26 blocks of the pool 10.244.0.0/14, and one IPv6 /122 of fd00:10:244::/48. */
  readonly blocks: readonly Prefix[];
}

/** AS number that Calico gives a cluster unless told otherwise. */
export const LAB_AS_NUMBER = 64512;
/** Where the reflector of the lab lives. */
export const REFLECTOR_ADDRESS = "127.0.0.1";
/** Cluster id of the lab: the one in most guides to Calico's route reflectors. */
export const CLUSTER_ID = "244.0.0.1";
/** Most nodes of a lab: every one keeps every table as text in this one process. */
export const LAB_NODES_MAX = 250;

const LOOPBACK = 0x7f000000; // 127.0.0.0/8
const POOL = 0x0af40000; // 10.244.0.0/14
const BLOCKS_PER_NODE = 2;
const BLOCKS_IN_POOL = 4096;

/** The nodes of a lab: 127.0.0.2 and up. */
export function labNodes(count: number): LabNode[] {
  assert(Number.isInteger(count) && count >= 1 && count <= LAB_NODES_MAX, "the caller checks the number of nodes");
  return Array.from({ length: count }, (_, i) =>
    ({ name: `node-${i + 1}`, address: formatIpv4(LOOPBACK + i + 2), blocks: [...ipv4Blocks(i), ipv6Block(i)] }));
}

/** Blocks lie scattered over the pool, as Calico's allocator leaves them; 409 and 4096 have no common divisor. */
function ipv4Blocks(node: number): Prefix[] {
  return Array.from({ length: BLOCKS_PER_NODE }, (_, i) => {
    const block = ((node * BLOCKS_PER_NODE + i) * 409 + 2) % BLOCKS_IN_POOL;
    return { address: octets(formatIpv4(POOL + block * 64)), length: 26 };
  });
}

const ipv6Block = (node: number): Prefix =>
  ({ address: octets(`fd00:10:244:${(node + 1).toString(16)}::40`), length: 122 });

/** The IPv6 address that a node names as next hop of its IPv6 block. */
export function ipv6Address(node: LabNode): string {
  return `fd00:10:96::${node.name.slice("node-".length)}`;
}

/** Octets of an address that this program wrote itself. */
export function octets(text: string): Uint8Array {
  const found = parseAddress(text);
  assert(found !== undefined, "the lab writes its own addresses");
  return found;
}

/**
 * The configuration file of the reflector, as a user would write it: every node a passive client, labs dial from the
 * nodes alone. Port 0 is any free one.
 */
export function reflectorConfiguration(nodes: readonly LabNode[], port: number): string {
  const neighbors = nodes.map(({ name, address }) =>
    ({ name, address, passive: true, type: "global", description: "lab speaker", routeReflectorClient: true }));
  return JSON.stringify({
    routerId: REFLECTOR_ADDRESS, asNumber: LAB_AS_NUMBER, clusterId: CLUSTER_ID,
    listen: [{ address: REFLECTOR_ADDRESS, port }], neighbors, onStop: "shutdown", http: false,
  });
}
