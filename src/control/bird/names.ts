/**
 * Neighbours as protocols of BIRD. Calico's tools read the kind and the address of a session out of its name
 * (calico.md 3.9), so a neighbour that is not named so gets such a name here.
 */

import { BGP_PORT } from "../../config/intent.ts";
import type { PeerType } from "../../config/intent.ts";
import type { DaemonApi, PeerView, RouteView } from "../../daemon/api.ts";
import type { BirdContext } from "./context.ts";

/** The protocol of our own routes. */
export const STATIC_PROTOCOL = "static1";

/**
 * Who a neighbour is. The daemon is asked for it by its name, which is nobody else's: two may have one address and
 * port, such as Node_192_0_2_1 and Node_192_0_2_1_port_179.
 */
export type PeerIdentity = Pick<PeerView, "name" | "address" | "port" | "type">;
/** The fields of it. */
export const IDENTITY_FIELDS: readonly (keyof PeerIdentity)[] = ["name", "address", "port", "type"];

const PREFIXES: { readonly [T in PeerType]: string } = {
  mesh: "Mesh", global: "Global", node: "Node", local: "Local_Workload",
};
const CALICO_NAME = /^(Mesh|Global|Node|Local_Workload)_[0-9A-Za-z_]+$/;

/** The name of a neighbour's protocol. */
export function protocolName({ name, address, port, type }: PeerIdentity): string {
  if (CALICO_NAME.test(name)) return name;
  const base = `${PREFIXES[type]}_${address.replaceAll(/[^0-9A-Za-z]/g, "_")}`;
  return port === BGP_PORT ? base : `${base}_port_${port}`;
}

/** Whether a socket shows the session: by its address, as bird and bird6 do. */
export function isShown({ address }: PeerIdentity, { family }: BirdContext): boolean {
  return address.includes(":") === (family === "ipv6-unicast");
}

/** The neighbour behind a protocol, whichever its family; its own name serves, too. */
export function findPeer(api: DaemonApi, name: string): PeerIdentity | undefined {
  for (const part of api.partsOfPeers(IDENTITY_FIELDS)) {
    const peer = part as PeerIdentity;
    if (protocolName(peer) === name || peer.name === name) return peer;
  }
  return undefined;
}

/** Names of the protocols that routes came from. */
export function sourceNames(api: DaemonApi): (route: RouteView) => string {
  const names = new Map<string, string>();
  for (const part of api.partsOfPeers(IDENTITY_FIELDS)) {
    const peer = part as PeerIdentity;
    names.set(peer.name, protocolName(peer));
  }
  // A session may have ended since.
  return (route) => (isOwn(route) ? STATIC_PROTOCOL : names.get(route.from.name) ?? "unknown");
}

/** Whether a route is one of our own. */
export function isOwn({ from }: RouteView): boolean {
  return from.name === "local" && from.address === "";
}
