/**
 * What a kernel process does: it has the netlink sockets, and carries octets between it and the daemon without
 * reading more of them than where an answer ends. Rule: the netlink package ends its whole process when the kernel has
 * more to say than the socket holds, and nothing can prevent it; so nothing is here that would be missed.
 */

import { createRequire } from "node:module";
import { GROUPS, HEADER_OCTETS, TYPE } from "../rtnetlink/constants.ts";
import { aligned, hostU16, hostU32 } from "../rtnetlink/octets.ts";
import { FRAME, frame, FrameReader, FRAMES_VERSION, readyPayload } from "./frames.ts";
import type { FrameKind } from "./frames.ts";

/** What a process is for: to change and to read the kernel, or to hear what happens in it. */
export type Role = "write" | "follow";

/** The process around the program. */
export interface ProgramIo {
  /** Calls `data` with what the daemon sends, and `end` when the daemon is gone. */
  listen(data: (chunk: Uint8Array) => void, end: () => void): void;
  /** Writes all of it and waits as long as the daemon takes: the kernel is read no faster. */
  write(octets: Uint8Array): void;
  exit(code: number): void;
}

/** What the package's socket offers and is used here. */
interface NetlinkSocket {
  on(event: "message" | "truncatedMessage", listener: (octets: Uint8Array) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  send(octets: Uint8Array, options: object, sent: (error?: Error) => void): void;
  addMembership(group: number): void;
  dropMembership(group: number): void;
  getRecvBufferSize(): number;
}

/** NETLINK_ROUTE. */
const PROTOCOL_ROUTE = 0;
/** Asked for; the system's own bound (net.core.rmem_max) is less. */
const RECEIVE_OCTETS = 8 << 20;
const SEND_OCTETS = 1 << 20;
/**
 * Room for a datagram. Linux fills those of a dump up to 32 KiB where a reader has shown that much room, and up to 4
 * where it looks first how long each is, as the package does unless it is told.
 */
const DATAGRAM_OCTETS_MAX = 1 << 16;
/** RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE. */
const ROUTE_GROUPS: readonly number[] = [7, 11];

/** Runs until the daemon is gone. */
export function runKernelProgram(role: Role, io: ProgramIo): void {
  const say = (kind: FrameKind, payload: Uint8Array): void => io.write(frame(kind, payload));
  const fail = (why: string): void => {
    say(FRAME.fault, new TextEncoder().encode(why));
    io.exit(1);
  };
  const ready = (socket: NetlinkSocket): void =>
    say(FRAME.ready, readyPayload({ version: FRAMES_VERSION, receiveOctets: socket.getRecvBufferSize() }));
  try {
    const asked = role === "write" ? writer({ say, fail, ready }) : follower({ say, fail, ready });
    const frames = new FrameReader((kind, payload) => {
      if (kind === FRAME.alive) say(FRAME.alive, payload);
      else asked(kind, payload);
    });
    io.listen((chunk) => {
      if (!frames.push(chunk)) fail("what the daemon says cannot be read");
    }, () => io.exit(0));
  } catch (error) {
    // No such package, no permission: the daemon says so. What requires what is of no interest.
    fail((error instanceof Error ? error.message : String(error)).split("\n")[0]!);
  }
}

/** What is used of the package. */
interface NetlinkPackage {
  readonly RawNetlinkSocket: new (protocol: number, options: object) => NetlinkSocket;
}

/** To the daemon: what the kernel says, why this process ends, and that it listens. */
interface Out {
  say(kind: FrameKind, payload: Uint8Array): void;
  fail(why: string): void;
  ready(socket: NetlinkSocket): void;
}

/** What is done with what the daemon says. */
type Asked = (kind: number, payload: Uint8Array) => void;

/** Required and not imported, because the package's types bring those of another Node with them. */
function openSocket({ say, fail }: Out, heard: (datagram: Uint8Array) => void = () => undefined): NetlinkSocket {
  const { RawNetlinkSocket } = createRequire(import.meta.url)("netlink") as NetlinkPackage;
  const socket = new RawNetlinkSocket(PROTOCOL_ROUTE, { recvBufferSize: RECEIVE_OCTETS, sendBufferSize: SEND_OCTETS,
    messagePeeking: false, msgBufferSize: DATAGRAM_OCTETS_MAX });
  socket.on("message", (datagram) => {
    say(FRAME.datagram, datagram);
    heard(datagram);
  });
  socket.on("truncatedMessage", () => fail("the kernel's answer is longer than it said"));
  socket.on("error", (error) => fail(error.message));
  return socket;
}

/** Changes by one socket and reads by another. */
function writer(out: Out): Asked {
  const [change, read] = [requests(out), requests(out)];
  out.ready(change.socket);
  return (kind, payload) => {
    if (kind === FRAME.change) change.ask(payload);
    else if (kind === FRAME.read) read.ask(payload);
  };
}

/** Sends one request after the other, each when the one before is answered: answers fit the socket one at a time. */
function requests(out: Out): { readonly socket: NetlinkSocket; ask(request: Uint8Array): void } {
  const waiting: Uint8Array[] = [];
  let awaited: number | undefined;
  const sendNext = (): void => {
    const request = awaited === undefined ? waiting.shift() : undefined;
    if (request === undefined) return;
    awaited = lastSequence(request);
    socket.send(request, {}, (error) => {
      if (error !== undefined) out.fail(error.message);
    });
  };
  const socket = openSocket(out, (datagram) => {
    if (awaited === undefined || !answers(datagram, awaited)) return;
    awaited = undefined;
    sendNext();
  });
  return { socket, ask(request) {
    waiting.push(request);
    sendNext();
  } };
}

/** Says what happens; all of it, or all but routes. */
function follower(out: Out): Asked {
  const socket = openSocket(out);
  for (const group of GROUPS) socket.addMembership(group);
  out.ready(socket);
  return (kind, payload) => {
    if (kind !== FRAME.followRoutes) return;
    for (const group of ROUTE_GROUPS) {
      if (payload[0] === 1) socket.addMembership(group);
      else socket.dropMembership(group);
    }
    out.ready(socket);
  };
}

/** The sequence number of the last message of a request. */
function lastSequence(request: Uint8Array): number {
  let last = 0;
  for (const at of messagesIn(request)) last = hostU32(request, at + 8);
  return last;
}

/** Whether a datagram holds the end of what is said to the request of this number: its answer, or the dump's end. */
function answers(datagram: Uint8Array, sequence: number): boolean {
  for (const at of messagesIn(datagram)) {
    const type = hostU16(datagram, at + 4);
    const ends = type === TYPE.NLMSG_ERROR || type === TYPE.NLMSG_DONE;
    if (ends && hostU32(datagram, at + 8) === sequence) return true;
  }
  return false;
}

/** Where the messages of a datagram start, as far as their lengths can be believed. */
function* messagesIn(octets: Uint8Array): Generator<number> {
  for (let at = 0; octets.length - at >= HEADER_OCTETS;) {
    const length = hostU32(octets, at);
    if (length < HEADER_OCTETS || length > octets.length - at) return;
    yield at;
    at += aligned(length);
  }
}
