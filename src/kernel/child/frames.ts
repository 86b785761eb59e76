/**
 * What passes between the daemon and its kernel processes: frames of octets, a header of eight octets each. Rule: both
 * ends are the same program, but not always of one version (an update may come between), so the first frame names its
 * own; what cannot be read ends the process, not the daemon.
 */

import { hostU32, putHostU32 } from "../rtnetlink/octets.ts";

/** Kinds of frames. */
export const FRAME = {
  /** From a process that listens to the kernel: `ReadyFrame`. Again after `followRoutes` was obeyed. */
  ready: 1,
  /** A datagram of the kernel. */
  datagram: 2,
  /** Why the process cannot do its work, as text; it ends. */
  fault: 3,
  /** To the process that writes: messages of which the last is answered. One after the other is sent. */
  change: 4,
  /** To the process that follows: an octet, 1 to follow routes, 0 to leave them out. */
  followRoutes: 5,
  /** As `change`, by a socket that only reads: neither waits for the other. */
  read: 6,
  /** To a process, which says the same at once: a sign of life. */
  alive: 7,
} as const;

/** The number of a kind. */
export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

/** Raised with every change of what frames mean. */
export const FRAMES_VERSION = 3;

/** Octets of a header: length of what follows, kind. */
const HEADER_OCTETS = 8;
/** A datagram of the kernel has 32 KiB at most, a request of ours too: more is no frame. */
const PAYLOAD_OCTETS_MAX = 1 << 20;

/** A frame, ready to be written. */
export function frame(kind: FrameKind, payload: Uint8Array): Uint8Array {
  const octets = new Uint8Array(HEADER_OCTETS + payload.length);
  putHostU32(octets, 0, payload.length);
  putHostU32(octets, 4, kind);
  octets.set(payload, HEADER_OCTETS);
  return octets;
}

/** What a process says when it listens. */
export interface ReadyFrame {
  readonly version: number;
  /** Octets that the kernel keeps for it until it reads them. */
  readonly receiveOctets: number;
}

/** The payload of `ready`. */
export function readyPayload({ version, receiveOctets }: ReadyFrame): Uint8Array {
  const octets = new Uint8Array(8);
  putHostU32(octets, 0, version);
  putHostU32(octets, 4, receiveOctets);
  return octets;
}

/** Reads a payload of `ready`; a shorter one is that of version 0, which there never was. */
export function readReady(payload: Uint8Array): ReadyFrame {
  if (payload.length < 8) return { version: 0, receiveOctets: 0 };
  return { version: hostU32(payload, 0), receiveOctets: hostU32(payload, 4) };
}

/** Cuts frames out of a stream that is cut anywhere. */
export class FrameReader {
  #rest: Uint8Array = new Uint8Array(0);
  readonly #onFrame: (kind: number, payload: Uint8Array) => void;

  /** `onFrame` gets each frame; the payload is a view that is not modified later. */
  constructor(onFrame: (kind: number, payload: Uint8Array) => void) {
    this.#onFrame = onFrame;
  }

  /** Takes the next octets. False: what comes is no frame, and nothing after it can be read. */
  push(chunk: Uint8Array): boolean {
    const octets = this.#rest.length === 0 ? chunk : joined(this.#rest, chunk);
    let at = 0;
    while (octets.length - at >= HEADER_OCTETS) {
      const length = hostU32(octets, at);
      if (length > PAYLOAD_OCTETS_MAX) return false;
      const end = at + HEADER_OCTETS + length;
      if (end > octets.length) break;
      this.#onFrame(hostU32(octets, at + 4), octets.subarray(at + HEADER_OCTETS, end));
      at = end;
    }
    this.#rest = octets.subarray(at);
    return true;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
