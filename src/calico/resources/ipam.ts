/** IPAMBlock and IPAMConfiguration: what BGP does not need, and whoever asks why there are single addresses does. */

import type { IpamBlock, IpamConfiguration } from "./model.ts";
import type { Envelope } from "./envelope.ts";
import type { Fields } from "./fields.ts";

/** An IPAMBlock, without who has which address; undefined for one that is deleted, or not of a host. */
export function readIpamBlock({ name, root }: Envelope): IpamBlock | undefined {
  const spec = root.object("spec");
  const deleted = spec.raw("deleted");
  const [, type, node] = /^(host|virtual):(.+)$/.exec(spec.text("affinity") ?? "") ?? [];
  if (deleted === true || deleted === "true" || type === "virtual") return undefined;
  const cidr = spec.strictCidr("cidr");
  return cidr && { name, cidr, node, users: usersOf(spec) };
}

/** IPAMConfig of crd.projectcalico.org/v1, IPAMConfiguration of projectcalico.org/v3. */
export function readIpamConfiguration({ name, root }: Envelope): IpamConfiguration {
  return { name, strictAffinity: root.object("spec").flag("strictAffinity", false) };
}

/** How many addresses each node uses, by name; of what says no node (a reserved address) nothing is known. */
function usersOf(spec: Fields): IpamBlock["users"] {
  const nodes = spec.objects("attributes").map((attribute) => attribute.object("secondary").text("node"));
  const users = new Map<string, number>();
  for (const at of spec.list("allocations")) {
    const node = typeof at === "number" ? nodes[at] : undefined;
    if (node !== undefined) users.set(node, (users.get(node) ?? 0) + 1);
  }
  return [...users].sort(([a], [b]) => (a < b ? -1 : 1)).map(([node, addresses]) => ({ node, addresses }));
}
