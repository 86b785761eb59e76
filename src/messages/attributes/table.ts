/** Every path attribute that we know, one row each. A new attribute is a row here, and the tests loop over the rows. */

import { aigp } from "./aigp.ts";
import { as4Aggregator, as4Path, asPath } from "./as-path.ts";
import { aggregator, atomicAggregate, localPref, med, nextHop, origin, otc } from "./basic.ts";
import { communities, extendedCommunities, ipv6ExtendedCommunities, largeCommunities } from "./communities.ts";
import { mpReach, mpUnreach } from "./multiprotocol.ts";
import { clusterList, originatorId } from "./reflection.ts";
import type { AttributeRow } from "./row.ts";

/** The rows in ascending order of type code. */
export const ATTRIBUTES: readonly AttributeRow[] = [
  origin, asPath, nextHop, med, localPref, atomicAggregate, aggregator, communities, originatorId, clusterList, mpReach,
  mpUnreach, extendedCommunities, as4Path, as4Aggregator, ipv6ExtendedCommunities, aigp, largeCommunities, otc,
];

/** The row of a type code, by index; undefined for what we do not know. */
export const BY_CODE: readonly (AttributeRow | undefined)[] = Array.from(
  { length: 256 }, (_, code) => ATTRIBUTES.find((row) => row.code === code),
);
