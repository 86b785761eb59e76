/** IPPool and BlockAffinity: calico.md 2.5 and 2.6. */

import { parsePrefix } from "../../base/prefix.ts";
import type { Prefix } from "../../base/prefix.ts";
import type { BlockAffinity, IpPool } from "./model.ts";
import type { Envelope } from "./envelope.ts";
import { mistakesIn } from "./fields.ts";
import type { Fields } from "./fields.ts";

const MODES = ["Never", "Always", "CrossSubnet"] as const;
const BLOCK_BITS = { 4: { least: 20, most: 32, usual: 26 }, 16: { least: 116, most: 128, usual: 122 } };

/** An IPPool. */
export function readIpPool({ name, root }: Envelope): IpPool | undefined {
  const spec = root.object("spec");
  const before = mistakesIn(root.faults);
  const cidr = strictCidr(spec);
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
  return mistakesIn(root.faults) === before ? pool : undefined;
}

/** A BlockAffinity; undefined without a fault for one that does not exist for BGP: deleted, or not a host's. */
export function readBlockAffinity({ name, root }: Envelope): BlockAffinity | undefined {
  const spec = root.object("spec");
  const deleted = spec.raw("deleted");
  if (deleted === true || deleted === "true") return undefined;
  if ((spec.text("type") ?? "host") !== "host") return undefined;
  const cidr = strictCidr(spec);
  const node = spec.text("node") ?? spec.fault("node", "missing");
  const state = spec.oneOf("state", ["confirmed", "pending", "pendingDeletion"], "confirmed");
  return cidr === undefined || node === undefined ? undefined : { name, cidr, node, state };
}

function strictCidr(spec: Fields): Prefix | undefined {
  const text = spec.text("cidr");
  if (text === undefined) return spec.fault("cidr", "missing");
  return parsePrefix(text) ?? spec.fault("cidr", `expected a network without host bits, found "${text}"`);
}
