/** The checks of RFC 7606 that need the whole UPDATE: mandatory attributes, and errors without routes to withdraw. */

import type { Fault } from "../fault.ts";
import { attributeFault } from "../fault.ts";
import { ATTRIBUTE } from "./codes.ts";
import type { AttributeReading } from "./read.ts";
import { BY_CODE } from "./table.ts";

/** What the message holds beside its attributes. */
export interface MessageParts {
  /** Announced by the NLRI field itself, not by MP_REACH_NLRI. */
  readonly hasClassicNlri: boolean;
}

/**
 * The faults of the message beyond those of the reading: missing mandatory attributes (3/3, RFC 7606 §3 d), a NEXT_HOP
 * that cannot be one (3/8), and the reset where an error should withdraw routes and the message announces none
 * (RFC 7606 §5.2). The message's disposition is the strongest of reading.faults and these.
 */
export function checkMandatory(reading: AttributeReading, parts: MessageParts): readonly Fault[] {
  const faults: Fault[] = [];
  const { reach } = reading;
  const announces = parts.hasClassicNlri || (reach !== undefined && reach.nlriEnd > reach.nlriAt);
  if (announces) requireAttribute(reading, ATTRIBUTE.ORIGIN, faults);
  if (announces) requireAttribute(reading, ATTRIBUTE.AS_PATH, faults);
  if (parts.hasClassicNlri) {
    requireAttribute(reading, ATTRIBUTE.NEXT_HOP, faults);
    if (reading.nextHopFault !== undefined) faults.push(reading.nextHopFault);
  }
  const toWithdraw = reading.faults.find(({ disposition }) => disposition === "withdraw");
  if (!announces && toWithdraw !== undefined) {
    faults.push({ ...toWithdraw, disposition: "reset", why: `${toWithdraw.why}; the UPDATE announces nothing` });
  }
  return faults;
}

function requireAttribute(reading: AttributeReading, code: number, faults: Fault[]): void {
  if (reading.seen.has(code)) return;
  faults.push(attributeFault("withdraw", 3, code, Uint8Array.of(code), `${BY_CODE[code]!.name} is missing`));
}
