/** ROUTE-REFRESH (RFC 2918 §3) with the subtypes of enhanced route refresh (RFC 7313 §3.2). */

import type { Fault } from "./fault.ts";
import { resetFault } from "./fault.ts";
import { badLength, finishMessage, MESSAGE, startMessage } from "./header.ts";

/** Message subtypes: a request, and the beginning and end of the answer. */
export const REFRESH = { NORMAL: 0, BORR: 1, EORR: 2 } as const;

/** What a ROUTE-REFRESH says. Subtypes other than 0, 1 and 2 are ignored by the receiver (RFC 7313 §5). */
export interface RouteRefresh {
  readonly afi: number;
  readonly safi: number;
  readonly subtype: number;
}

/** Octets of the message: header, AFI, subtype, SAFI. */
const OCTETS = 23;

/** Reads a whole ROUTE-REFRESH. Its length is judged by subtype: 7/1 for BoRR and EoRR, 1/2 for a request. */
export function decodeRouteRefresh(message: Uint8Array): RouteRefresh | Fault {
  const subtype = message[21] ?? REFRESH.NORMAL;
  const known = subtype <= REFRESH.EORR;
  if (message.length < OCTETS || (message.length > OCTETS && known)) {
    const marksAnswer = subtype === REFRESH.BORR || subtype === REFRESH.EORR;
    if (!marksAnswer) return badLength(message.length, "ROUTE-REFRESH");
    return resetFault(7, 1, message, `ROUTE-REFRESH of subtype ${subtype} with ${message.length} octets`);
  }
  return { afi: (message[19]! << 8) | message[20]!, safi: message[22]!, subtype };
}

/** Writes a ROUTE-REFRESH. */
export function encodeRouteRefresh({ afi, safi, subtype }: RouteRefresh): Uint8Array {
  return finishMessage(startMessage(MESSAGE.ROUTE_REFRESH, OCTETS).u16(afi).u8(subtype).u8(safi));
}
