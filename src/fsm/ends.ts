/**
 * How connections end: what goes on the wire, what people read, and what the peer's machine does next. Rule: an end is
 * made here and nowhere else, so that the same cause always has the same name.
 */

import { EMPTY } from "../base/bytes.ts";
import type { Fault } from "../messages/fault.ts";
import type { Notification } from "../messages/notification.ts";
import {
  CEASE, decodeHardReset, decodeShutdownCommunication, encodeShutdownCommunication, notificationName,
} from "../messages/notification.ts";
import type { SessionEnd } from "./parameters.ts";

/** The end, and the NOTIFICATION that says so where one is sent. */
export interface Ending {
  readonly end: SessionEnd;
  readonly notification?: Notification;
}

/** We found a mistake of the peer's. */
export function faulted(fault: Fault): Ending {
  return told({ code: fault.code, subcode: fault.subcode, data: fault.data.slice() }, fault.why);
}

/** We send a Cease (RFC 4486); `text` travels as an RFC 9003 communication where the subcode allows one. */
export function ceased(subcode: number, text: string): Ending {
  const talks = subcode === CEASE.ADMINISTRATIVE_SHUTDOWN || subcode === CEASE.ADMINISTRATIVE_RESET;
  const data = talks && text !== "" ? encodeShutdownCommunication(text) : EMPTY;
  return told({ code: 6, subcode, data }, text);
}

/** The HoldTimer expired (RFC 4271 §6.5). */
export function holdExpired(): Ending {
  return told({ code: 4, subcode: 0, data: EMPTY }, "no KEEPALIVE or UPDATE within the hold time");
}

/** Subcodes of a Cease that is meant to be final: whoever hears it has no reason to keep our routes (RFC 8538 §3.1). */
const FINAL: readonly number[] = [
  CEASE.MAXIMUM_PREFIXES, CEASE.ADMINISTRATIVE_SHUTDOWN, CEASE.PEER_DECONFIGURED, CEASE.OUT_OF_RESOURCES,
];

/** The same end towards a peer that keeps routes after a NOTIFICATION: a Hard Reset around a Cease that is final. */
export function hardened(ending: Ending): Ending {
  const { notification, end } = ending;
  if (notification?.code !== 6 || !FINAL.includes(notification.subcode)) return ending;
  const { code, subcode, data } = notification;
  return told({ code: 6, subcode: CEASE.HARD_RESET, data: Uint8Array.of(code, subcode, ...data) }, end.text);
}

/** An event that the state has no place for (RFC 4271 §6.6, subcodes of RFC 6608). */
export function fsmError(subcode: number, event: string): Ending {
  return told({ code: 5, subcode, data: EMPTY }, `unexpected ${event}`);
}

/** The peer said so. */
export function received(notification: Notification): Ending {
  const { code, subcode } = notification;
  const data = notification.data.slice();
  const text = code === 6 ? communication(subcode, data) : "";
  return { end: { direction: "received", code, subcode, name: notificationName(code, subcode), text, data } };
}

/** TCP ended without a NOTIFICATION. */
export function lost(why: string): Ending {
  return { end: { direction: "local", code: 0, subcode: 0, name: "connection lost", text: why } };
}

/** Our dial found nobody. */
export function notConnected(why: string): Ending {
  return { end: { direction: "local", code: 0, subcode: 0, name: "not connected", text: why } };
}

/** The SendHoldTimer expired: nothing can be sent through a full socket (RFC 9687 §4.2). */
export function sendHoldExpired(): Ending {
  const text = "the peer took no octet within the send hold time";
  return { end: { direction: "local", code: 8, subcode: 0, name: notificationName(8, 0), text } };
}

/** A restarted peer's new connection takes over without a NOTIFICATION (RFC 4724 §5). */
export function replaced(): Ending {
  const text = "the peer opened a new connection (graceful restart)";
  return { end: { direction: "local", code: 0, subcode: 0, name: "connection replaced", text } };
}

/**
 * What follows an end. `rest`: Idle with IdleHoldTimer, inbound connections refused (a protocol error, ours or theirs:
 * RFC 4271 §8.1.1 DampPeerOscillations). `backOff`: we dial only after that time and accept meanwhile (a Cease: the
 * peer knows when it comes back). `retry`: we dial after ConnectRetryTime (a lost or colliding connection).
 */
export type Aftermath = "rest" | "backOff" | "retry";

/** Cease subcodes that call for `rest` where we sent them: the peer would at once do it again. */
const OVER_LIMIT: readonly number[] = [CEASE.MAXIMUM_PREFIXES, CEASE.OUT_OF_RESOURCES];

/** What follows `end`. */
export function aftermathOf(end: SessionEnd): Aftermath {
  if (end.direction === "local" || end.code === 4) return "retry";
  if (end.code !== 6) return "rest";
  if (end.subcode === CEASE.CONNECTION_COLLISION) return "retry";
  if (end.direction === "received") return "backOff";
  return OVER_LIMIT.includes(innerSubcode(end)) ? "rest" : "retry";
}

/** What a Cease says, also inside a Hard Reset. */
function innerSubcode({ subcode, data }: SessionEnd): number {
  const inner = subcode === CEASE.HARD_RESET && data !== undefined ? decodeHardReset(data) : undefined;
  return inner?.code === 6 ? inner.subcode : subcode;
}

function told(notification: Notification, text: string): Ending {
  const { code, subcode, data } = notification;
  return { notification, end: { direction: "sent", code, subcode, name: notificationName(code, subcode), text, data } };
}

/** The RFC 9003 text of a received Cease, also inside a Hard Reset (RFC 8538 §3.1); "" where there is none. */
function communication(subcode: number, data: Uint8Array): string {
  if (subcode !== CEASE.HARD_RESET) return decodeShutdownCommunication(data) ?? "";
  const inner = decodeHardReset(data);
  return inner === undefined ? "" : decodeShutdownCommunication(inner.data) ?? "";
}
