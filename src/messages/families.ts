/** Address families: one row each. A new family is a row here. Source: RFC 4760 §3, IANA AFI and SAFI registries. */

/** A family's name in configuration and JSON. */
export type Family = "ipv4-unicast" | "ipv6-unicast";

/** What the program knows of a family. */
export interface FamilyRow {
  readonly name: Family;
  /** Dense index of the family: 0, 1, … in the order of FAMILIES. */
  readonly index: number;
  readonly afi: number;
  readonly safi: number;
  /** Octets of an address: 4 or 16. */
  readonly addressOctets: number;
}

/** Every family that reflectd speaks, by index. */
export const FAMILIES: readonly FamilyRow[] = [
  { name: "ipv4-unicast", index: 0, afi: 1, safi: 1, addressOctets: 4 },
  { name: "ipv6-unicast", index: 1, afi: 2, safi: 1, addressOctets: 16 },
];

/** IPv4 unicast: the family of classic NLRI (RFC 4271 §4.3). */
export const IPV4_UNICAST: FamilyRow = FAMILIES[0]!;
/** IPv6 unicast. */
export const IPV6_UNICAST: FamilyRow = FAMILIES[1]!;

/** The family of an AFI and SAFI, or undefined where we do not speak it. */
export function familyOf(afi: number, safi: number): FamilyRow | undefined {
  for (const row of FAMILIES) if (row.afi === afi && row.safi === safi) return row; // asked for each UPDATE
  return undefined;
}

/** The family of an address or prefix with so many octets. */
export function familyOfOctets(addressOctets: number): FamilyRow {
  return addressOctets === 4 ? IPV4_UNICAST : IPV6_UNICAST;
}

/** The row of a family's name. */
export function familyRow(name: Family): FamilyRow {
  return name === "ipv4-unicast" ? IPV4_UNICAST : IPV6_UNICAST;
}
