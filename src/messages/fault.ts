/** A peer's mistake, as a value. Faults carry what the NOTIFICATION needs and what RFC 7606 permits. */

/** What a mistake costs, least to most disruptive (RFC 7606 §2): the attribute, the routes, the session. */
export const DISPOSITIONS = ["discard", "withdraw", "reset"] as const;
/** One of DISPOSITIONS. */
export type Disposition = (typeof DISPOSITIONS)[number];

/** One mistake of a peer. */
export interface Fault {
  readonly disposition: Disposition;
  /** NOTIFICATION Error Code (RFC 4271 §4.5). */
  readonly code: number;
  /** NOTIFICATION Error Subcode. */
  readonly subcode: number;
  /** The Data field: the bytes at fault, exactly as RFC 4271 §6 asks for them. */
  readonly data: Uint8Array;
  /** The path attribute at fault, where it is one. */
  readonly attribute?: number;
  /** One clause for the log; never parsed, never sent. */
  readonly why: string;
}

/** The strongest disposition among faults (RFC 7606 §3 h); "ok" where there is none. */
export function strongest(faults: readonly Fault[]): Disposition | "ok" {
  let found = -1;
  for (const fault of faults) found = Math.max(found, DISPOSITIONS.indexOf(fault.disposition));
  return found < 0 ? "ok" : DISPOSITIONS[found]!;
}

/** Octets of Data that a NOTIFICATION of ordinary length can carry (RFC 4271 §4.5). */
const DATA_OCTETS_MAX = 4096 - 21;

/** A mistake that costs the session. */
export function resetFault(code: number, subcode: number, data: Uint8Array, why: string): Fault {
  return { disposition: "reset", code, subcode, data: data.slice(0, DATA_OCTETS_MAX), why };
}

/** A mistake in an UPDATE's path attribute: error code 3, `data` is the whole attribute (RFC 4271 §6.3). */
export function attributeFault(
  disposition: Disposition, subcode: number, attribute: number, data: Uint8Array, why: string,
): Fault {
  return { disposition, code: 3, subcode, data: data.slice(0, DATA_OCTETS_MAX), attribute, why };
}

/** Whether a fault costs the session: a reset (RFC 7606 §2), or a Cease, which is a limit of ours. */
export function endsSession(fault: Fault): boolean {
  return fault.disposition === "reset" || fault.code === 6;
}

/** Whether the answer of a decoder is a fault. */
export function isFault(value: unknown): value is Fault {
  return typeof value === "object" && value !== null && "disposition" in value && "why" in value;
}
