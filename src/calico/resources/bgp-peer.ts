/** BGPPeer: calico.md 2.3. */

import type { BgpPeer, PeerLocal, PeerRemote } from "./model.ts";
import { NO_NODE, parseSelector } from "../selector/selector.ts";
import type { Selector } from "../selector/selector.ts";
import type { Envelope } from "./envelope.ts";
import { mistakesIn } from "./fields.ts";
import type { Fields } from "./fields.ts";
import { readSecretKey } from "./secret-key.ts";
import { peerAddressOf, whyNoPeer } from "./scalars.ts";

const MAX_SECONDS = 65535;
/** Fields that may not stand together, and what to do. */
const EXCLUSIVE: readonly (readonly [string, string])[] = [
  ["node", "nodeSelector"], ["peerIP", "peerSelector"], ["peerIP", "localWorkloadSelector"],
  ["peerSelector", "localWorkloadSelector"], ["keepOriginalNextHop", "nextHopMode"],
];

/** A BGPPeer; faults say what is wrong with it. A selector that does not parse is one that matches no node. */
export function readBgpPeer({ name, root }: Envelope): BgpPeer | undefined {
  const before = mistakesIn(root.faults);
  const spec = root.object("spec");
  if (mistakesIn(root.faults) > before) return undefined;
  for (const [one, other] of EXCLUSIVE) {
    if (spec.has(one) && spec.has(other)) spec.fault(one, `may not stand beside ${other}`);
  }
  const asNumber = spec.asNumber("asNumber");
  const plain = {
    name, asNumber, localAsNumber: spec.asNumber("localASNumber"),
    nextHopMode: spec.oneOf("nextHopMode", ["Auto", "Self", "Keep"], "Auto").toLowerCase() as BgpPeer["nextHopMode"],
    keepOriginalNextHop: spec.flag("keepOriginalNextHop", false),
    passwordSecret: readSecretKey(spec.object("password"), "secretKeyRef"),
    sourceAddress: spec.oneOf("sourceAddress", ["UseNodeIP", "None"], "UseNodeIP"),
    maxRestartTimeSeconds: spec.seconds("maxRestartTime"),
    keepaliveTimeSeconds: keepalive(spec),
    numAllowedLocalAsNumbers: spec.whole("numAllowedLocalASNumbers", 0, 2147483647) ?? 0,
    ttlSecurityHops: spec.whole("ttlSecurity", 0, 255) ?? 0,
    reachableBy: spec.address("reachableBy"),
    filters: spec.texts("filters"),
    reversePeering: spec.oneOf("reversePeering", ["Auto", "Manual"], "Auto"),
  };
  const address = remoteAddress(spec);
  if (plain.reachableBy !== undefined) checkReachableBy(spec, plain.reachableBy, address);
  // A selector's fault leaves the object in force: it means nobody.
  const isWhole = mistakesIn(root.faults) === before;
  const local = localSide(spec);
  const remote = spec.has("peerIP") ? address : remoteBySelector(spec, asNumber);
  return isWhole && remote !== undefined ? { ...plain, local, remote } : undefined;
}

function localSide(spec: Fields): PeerLocal {
  const node = spec.text("node");
  if (node !== undefined) return { by: "node", node };
  return spec.has("nodeSelector") ? { by: "selector", selector: selectorOf(spec, "nodeSelector") }
    : { by: "all" };
}

function remoteAddress(spec: Fields): Extract<PeerRemote, { by: "address" }> | undefined {
  const text = spec.text("peerIP");
  if (text === undefined) return undefined;
  const read = peerAddressOf(text);
  if (read === undefined) return spec.fault("peerIP", `expected an address, or one with a port, found "${text}"`);
  const why = whyNoPeer(read.address);
  if (why !== undefined) return spec.fault("peerIP", `${read.address} is ${why}`);
  if (!spec.hasAsNumber("asNumber")) spec.fault("asNumber", "missing: a peerIP needs the AS number of the peer");
  return { by: "address", ...read };
}

function remoteBySelector(spec: Fields, asNumber: number | undefined): PeerRemote | undefined {
  if (spec.has("localWorkloadSelector")) {
    if (!spec.hasAsNumber("asNumber")) {
      return spec.fault("asNumber", "missing: a localWorkloadSelector needs the pods' AS");
    }
    return { by: "workload", selector: selectorOf(spec, "localWorkloadSelector") };
  }
  if (!spec.has("peerSelector")) return spec.fault("", "has neither peerIP nor peerSelector");
  if (asNumber !== undefined) return spec.fault("asNumber", "may not stand beside peerSelector: nodes have their own");
  return { by: "selector", selector: selectorOf(spec, "peerSelector") };
}

function selectorOf(spec: Fields, key: string): Selector {
  const read = parseSelector(spec.text(key) ?? "");
  if (!("column" in read)) return read;
  spec.fault(key, `column ${read.column}: ${read.what} (${read.todo}); it matches no node`);
  return NO_NODE;
}

function checkReachableBy(spec: Fields, gateway: string, remote: PeerRemote | undefined): void {
  if (remote?.by !== "address") spec.fault("reachableBy", "needs peerIP");
  else if (remote.address.includes(":") !== gateway.includes(":")) {
    spec.fault("reachableBy", "is of another family than peerIP");
  }
}

function keepalive(spec: Fields): number | undefined {
  const seconds = spec.seconds("keepaliveTime");
  if (seconds === undefined || (seconds >= 1 && seconds <= MAX_SECONDS)) return seconds;
  return spec.fault("keepaliveTime", `expected 1s to ${MAX_SECONDS}s`);
}
