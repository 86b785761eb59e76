/** The few BGP messages that the floor says. Rule: written apart from src/, which is what it is compared with. */

import type { Family } from "../daemons/daemon.ts";

/** How NLRI is written on all sessions. */
export interface NlriForm {
  readonly family: Family;
  /** Each prefix has a path identifier before it (RFC 7911). */
  readonly addPath: boolean;
}

/** RFC 4271 §4.1. */
export const HEADER_OCTETS = 19;
/** The longest message without RFC 8654. */
export const MESSAGE_OCTETS_MAX = 4_096;
/** Types of messages (RFC 4271 §4.1). */
export const TYPE = { OPEN: 1, UPDATE: 2, NOTIFICATION: 3, KEEPALIVE: 4 } as const;
/** The floor's BGP Identifier: 192.0.2.1. */
const IDENTIFIER = 0xc0000201;

/** A whole message with its header. */
export function message(type: number, body: Uint8Array): Buffer {
  const whole = Buffer.alloc(HEADER_OCTETS + body.length, 0xff);
  whole.writeUInt16BE(whole.length, 16);
  whole[18] = type;
  whole.set(body, HEADER_OCTETS);
  return whole;
}

/** A KEEPALIVE. */
export const KEEPALIVE: Buffer = message(TYPE.KEEPALIVE, new Uint8Array(0));

/** The answer to an OPEN: the same one, so that whatever it offers is agreed, with our own BGP Identifier. */
export function answerTo(open: Buffer): Buffer {
  const answer = Buffer.from(open);
  answer.writeUInt32BE(IDENTIFIER, HEADER_OCTETS + 5);
  return answer;
}

/** Hold time of an OPEN in seconds. */
export function holdTimeOf(open: Buffer): number { return open.readUInt16BE(HEADER_OCTETS + 3); }

/** End-of-RIB (RFC 4724 §2). */
export function endOfRib(family: Family): Buffer {
  return message(TYPE.UPDATE, family === "ipv4" ? Buffer.alloc(4) : Buffer.from([0, 0, 0, 6, 0x80, 15, 3, 0, 2, 1]));
}
