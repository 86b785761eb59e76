/** One update group as `show groups` tells it, and what groups and tables take. */

import { formatAddress, formatIpv4 } from "../base/address.ts";
import type { Policy } from "../config/intent.ts";
import { policyJson } from "../config/mask.ts";
import { FAMILIES } from "../messages/families.ts";
import type { UpdateGroup } from "../reflector/group.ts";
import type { TargetFields } from "../reflector/target.ts";
import { describeTarget } from "../reflector/target.ts";
import type { GroupView } from "./api.ts";
import type { Tables } from "./tables.ts";

/** The view of a group and its members. */
export function groupView(group: UpdateGroup): GroupView {
  return {
    id: groupNumber(group), family: group.target.fields.family.name, key: keyView(group.target.fields),
    advertised: group.advertised,
    members: [...group.members].map((member) => ({
      peer: member.name, state: member.state, lagOctets: member.lagOctets, lagPrefixes: member.lagPrefixes(),
    })),
  };
}

/** Groups are numbered by family; users and time series know them by one number that no two share. */
export function groupNumber({ id, target }: UpdateGroup): number {
  return (id - 1) * FAMILIES.length + target.fields.family.index + 1;
}

/** What tables and groups take, by what users call them; octets. */
export function octetsByOwner({ store, ribs, reflectors }: Tables): Readonly<Record<string, number>> {
  const owners: Record<string, number> = { "attribute sets": store.octets };
  for (const rib of ribs) owners[`${rib.family.name} tables`] = rib.octets;
  for (const group of reflectors.flatMap((reflector) => [...reflector.groups()])) {
    owners[`${group.target.fields.family.name} group ${groupNumber(group)}`] = group.octets;
  }
  return owners;
}

/** The key as users write such things; null where a field does not apply. */
function keyView(fields: TargetFields): Record<string, unknown> {
  const { clusterId, selfAddress, policy } = fields;
  return {
    ...describeTarget(fields),
    clusterId: clusterId === 0 ? null : formatIpv4(clusterId),
    selfAddress: selfAddress.length === 0 ? null : formatAddress(selfAddress),
    exportPolicy: policyView(policy.key),
  };
}

/** A compiled policy keeps its source in its key, octets as lists. */
function policyView(key: string): unknown {
  const octets = (name: string, value: unknown): unknown =>
    (name === "address" && Array.isArray(value) ? Uint8Array.from(value as number[]) : value);
  const [policy] = JSON.parse(key, octets) as [Policy];
  return policy.missing ? "no policy (RFC 8212)" : policyJson(policy);
}
