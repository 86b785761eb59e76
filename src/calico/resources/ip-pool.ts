/** IPPool and BlockAffinity: calico.md 2.5 and 2.6. */

import { covers, formatPrefix, parsePrefix } from "../../base/prefix.ts";
import type { Prefix } from "../../base/prefix.ts";
import type { BlockAffinity, IpPool } from "./model.ts";
import type { Envelope } from "./envelope.ts";
import { mistakesIn } from "./fields.ts";

const MODES = ["Never", "Always", "CrossSubnet"] as const;
const BLOCK_BITS = { 4: { least: 20, most: 32, usual: 26 }, 16: { least: 116, most: 128, usual: 122 } };

/** Addresses that mean something on one link only. */
const LINK_LOCAL: readonly Prefix[] = ["169.254.0.0/16", "fe80::/10"].map((text) => parsePrefix(text)!);

/** An IPPool. */
export function readIpPool({ name, root }: Envelope): IpPool | undefined {
  const spec = root.object("spec");
  const before = mistakesIn(root.faults);
  const cidr = spec.strictCidr("cidr");
  if (cidr === undefined) return undefined;
  const isIpv4 = cidr.address.length === 4;
  const bits = BLOCK_BITS[isIpv4 ? 4 : 16];
  const pool = {
    name, cidr,
    ipipMode: spec.oneOf("ipipMode", MODES, "Never"),
    vxlanMode: spec.oneOf("vxlanMode", MODES, "Never"),
    disableBgpExport: spec.flag("disableBGPExport", false),
    disabled: spec.flag("disabled", false),
    blockSize: spec.whole("blockSize", bits.least, bits.most) ?? bits.usual,
  };
  if (pool.ipipMode !== "Never" && pool.vxlanMode !== "Never") spec.fault("ipipMode", "may not stand beside vxlanMode");
  if (pool.ipipMode !== "Never" && !isIpv4) spec.fault("ipipMode", "is for IPv4 only");
  if (mistakesIn(root.faults) > before) return undefined;
  // What Calico would not have stored, and does as it says where it is stored all the same.
  const local = LINK_LOCAL.find((network) => covers(network, cidr) || covers(cidr, network));
  if (local !== undefined) spec.fault("cidr", `overlaps ${formatPrefix(local)}, which is link-local`);
  if (pool.disableBgpExport && spec.texts("allowedUses").includes("LoadBalancer")) {
    spec.fault("disableBGPExport", "may not be true where allowedUses has LoadBalancer");
  }
  return pool;
}

/** A BlockAffinity; undefined without a fault for one that does not exist for BGP: deleted, or not a host's. */
export function readBlockAffinity({ name, root }: Envelope): BlockAffinity | undefined {
  const spec = root.object("spec");
  const deleted = spec.raw("deleted");
  if (deleted === true || deleted === "true") return undefined;
  if ((spec.text("type") ?? "host") !== "host") return undefined;
  const cidr = spec.strictCidr("cidr");
  const node = spec.needed("node");
  const state = spec.oneOf("state", ["confirmed", "pending", "pendingDeletion"], "confirmed");
  return cidr === undefined || node === undefined ? undefined : { name, cidr, node, state };
}
