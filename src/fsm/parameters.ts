/** What one session is asked to be, and how it ended: plain values shared by the machine, its driver and the daemon. */

import type { Capability, Role } from "../messages/capabilities.ts";
import type { Family } from "../messages/families.ts";

/** What a neighbour asks of its sockets; at least one of the two. */
export interface SocketDemands {
  /** The TCP-MD5 password (RFC 2385). */
  readonly password: string | undefined;
  /** TTL security (RFC 5082): the peer is at most that many hops away, 1 where it is on the link. */
  readonly ttlSecurityHops: number | undefined;
}

/** One neighbour address: a range has one of these per source address. */
export interface SessionParameters {
  /** Unique among neighbours. */
  readonly name: string;
  /** Canonical text, with a zone where link-local. */
  readonly address: string;
  /** Where we dial. */
  readonly port: number;
  /** The address that we dial from. */
  readonly localAddress?: string;
  /** PassiveTcpEstablishment (RFC 4271 §8.1.1): never dialled. */
  readonly passive: boolean;
  readonly asNumber: number;
  readonly localAsNumber: number;
  /** Our BGP Identifier, unsigned 32 bits. */
  readonly routerId: number;
  readonly holdTimeSeconds: number;
  /** Undefined: a third of the negotiated hold time. */
  readonly keepaliveTimeSeconds?: number | undefined;
  readonly connectRetrySeconds: number;
  /** First and largest wait in Idle after an error. */
  readonly idleHoldSeconds: readonly [first: number, max: number];
  /** DelayOpenTime (RFC 4271 §8.1.1); undefined or 0: the OPEN is sent at once. */
  readonly delayOpenSeconds?: number | undefined;
  /** What our OPEN carries. */
  readonly capabilities: readonly Capability[];
  readonly role?: Role | undefined;
  readonly roleStrict?: boolean | undefined;
  readonly families: readonly Family[];
  /** Undefined: nothing that every socket does not have. */
  readonly demands?: SocketDemands | undefined;
  /** Why it must wait although it is started: a password that nobody can set, another session to this address. */
  readonly unavailable?: string | undefined;
}

/** What a session waits for that rests where nobody gave another reason: the last error tells more. */
export const IDLE_HOLD = "idle hold after an error";

/** Why a session or a connection ended. */
export interface SessionEnd {
  /** Who said so: we by NOTIFICATION, the peer by NOTIFICATION, or nobody on the wire. */
  readonly direction: "sent" | "received" | "local";
  /** NOTIFICATION Error Code; 0 where none was sent or received and none fits. */
  readonly code: number;
  readonly subcode: number;
  /** For example "Cease/Administrative Shutdown" or "connection lost". */
  readonly name: string;
  /** Free text: an RFC 9003 communication, or the local reason. Fit to print. */
  readonly text: string;
  /** The NOTIFICATION's Data field. */
  readonly data?: Uint8Array;
}

/** RFC 4271 §8.2.2 state names. */
export type StateName = "Idle" | "Connect" | "Active" | "OpenSent" | "OpenConfirm" | "Established";
