/** ORIGINATOR_ID and CLUSTER_LIST (RFC 4456 §8). They never cross the border of an AS (RFC 7606 §7.9, §7.10). */

import { formatIpv4, parseIpv4 } from "../../base/address.ts";
import { readU32 } from "../../base/bytes.ts";
import { ATTRIBUTE, CATEGORY } from "./codes.ts";
import type { AttributeContext, AttributeRow } from "./row.ts";
import { encodeWords, exactly, itemsOf, mapItems } from "./row.ts";

/** Row of ORIGINATOR_ID. */
export const originatorId: AttributeRow = {
  code: ATTRIBUTE.ORIGINATOR_ID, name: "ORIGINATOR_ID", source: "RFC 4456 §8, RFC 7606 §7.9",
  flags: CATEGORY.OPTIONAL_NON_TRANSITIVE, onMalformed: "withdraw", onWrongFlags: "withdraw",
  unwanted: fromOutside,
  check: exactly(4),
  json: {
    describe: (bytes, at) => ({ originatorId: formatIpv4(readU32(bytes, at)) }),
    encode: (a) => (a.originatorId === undefined ? undefined : encodeWords([parseIpv4(a.originatorId) ?? 0])),
  },
};

/** Row of CLUSTER_LIST. */
export const clusterList: AttributeRow = {
  code: ATTRIBUTE.CLUSTER_LIST, name: "CLUSTER_LIST", source: "RFC 4456 §8, RFC 7606 §7.10",
  flags: CATEGORY.OPTIONAL_NON_TRANSITIVE, onMalformed: "withdraw", onWrongFlags: "withdraw",
  unwanted: fromOutside,
  check: itemsOf(4),
  json: {
    describe: (bytes, at, end) => ({ clusterList: mapItems(at, end, 4, (i) => formatIpv4(readU32(bytes, i))) }),
    encode: (a) => (
      a.clusterList === undefined ? undefined : encodeWords(a.clusterList.map((id) => parseIpv4(id) ?? 0))
    ),
  },
};

function fromOutside({ ebgp }: AttributeContext): string | undefined {
  return ebgp ? "from an external peer" : undefined;
}
