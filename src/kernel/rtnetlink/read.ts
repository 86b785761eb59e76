/**
 * Octets from the kernel → messages. Rule: a length that lies costs the message that it is in, never more than the
 * datagram, and nothing throws.
 */

import { clearHostBits } from "../../base/prefix.ts";
import { AF, FLAG, HEADER_OCTETS, IFA, IFF, IFLA_IFNAME, NLMSGERR_ATTR_MSG, TYPE } from "./constants.ts";
import { aligned, attributesIn, hostI32, hostU16, hostU32 } from "./octets.ts";
import { copied, readRoute } from "./read-route.ts";
import type { KernelEvent } from "../port.ts";
import type { KernelRoute, Link, LinkAddress } from "../route.ts";

/** What a message says. */
export type MessageBody =
  /** `beside`: of its key there was one, and it took no place of it. */
  | { readonly kind: "route"; readonly gone: boolean; readonly beside: boolean; readonly route: KernelRoute }
  | { readonly kind: "link"; readonly gone: boolean; readonly link: Link }
  | { readonly kind: "address"; readonly gone: boolean; readonly address: LinkAddress }
  /** The answer to a request, 0: it was done. What fails is always answered, what succeeds only where ACK was asked. */
  | { readonly kind: "answer"; readonly errno: number; readonly text: string | undefined }
  /** The end of a dump; an errno says that it is not whole. */
  | { readonly kind: "done"; readonly errno: number }
  /** Messages were lost. */
  | { readonly kind: "overrun" }
  /** Part of a dump that is no business of ours, but says that the dump changed. */
  | { readonly kind: "other" }
  /** A message of ours that cannot be read: how it is wrong. */
  | { readonly kind: "malformed"; readonly why: string };

/** A message of the kernel. */
export interface NetlinkMessage {
  /** Of the request that it answers, or that caused the event: somebody else's, then. */
  readonly sequence: number;
  /** The dump changed while it was read, and is not to be trusted (NLM_F_DUMP_INTR). */
  readonly interrupted: boolean;
  readonly body: MessageBody;
}

/**
 * The messages of a datagram, in order. What is no business of ours (other families, cache entries, types of routes
 * that we never write) is left out, unless it is the one that says that a dump changed: Linux says it once. What cannot
 * be read is `malformed`.
 */
export function readDatagram(octets: Uint8Array): readonly NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at < octets.length;) {
    const length = octets.length - at < HEADER_OCTETS ? 0 : hostU32(octets, at);
    if (length < HEADER_OCTETS || length > octets.length - at) {
      messages.push({ sequence: 0, interrupted: false, body: malformed(`a header at ${at} of ${octets.length}`) });
      return messages;
    }
    const end = at + length;
    const body = readBody(octets, hostU16(octets, at + 4), at, end);
    const interrupted = (hostU16(octets, at + 6) & FLAG.DUMP_INTR) !== 0;
    if (body !== undefined || interrupted) {
      messages.push({ sequence: hostU32(octets, at + 8), interrupted, body: body ?? OTHER });
    }
    at = aligned(end);
  }
  return messages;
}

/** What a message tells of the kernel; undefined: nothing, it is an answer. */
export function eventOf(body: MessageBody): KernelEvent | undefined {
  switch (body.kind) {
    case "route": return routeEvent(body);
    case "link": return { event: body.gone ? "linkGone" : "link", link: body.link };
    case "address": return { event: body.gone ? "addressGone" : "address", address: body.address };
    default: return undefined;
  }
}

function routeEvent({ gone, beside, route }: Extract<MessageBody, { readonly kind: "route" }>): KernelEvent {
  if (gone) return { event: "routeGone", route };
  return beside ? { event: "route", route, beside } : { event: "route", route };
}

const OTHER: MessageBody = { kind: "other" };

type BodyReader = (octets: Uint8Array, at: number, end: number, type: number) => MessageBody | undefined;

/** One row per type that means something to us; `octets` is the least that its own header needs. */
const READERS: ReadonlyMap<number, { readonly octets: number; readonly read: BodyReader }> = new Map([
  [TYPE.NLMSG_ERROR, { octets: 20, read: readAnswer }],
  [TYPE.NLMSG_DONE, { octets: 0, read: readDone }],
  [TYPE.NLMSG_OVERRUN, { octets: 0, read: () => ({ kind: "overrun" }) }],
  [TYPE.RTM_NEWROUTE, { octets: 12, read: routeMessage }],
  [TYPE.RTM_DELROUTE, { octets: 12, read: routeMessage }],
  [TYPE.RTM_NEWLINK, { octets: 16, read: linkMessage }],
  [TYPE.RTM_DELLINK, { octets: 16, read: linkMessage }],
  [TYPE.RTM_NEWADDR, { octets: 8, read: addressMessage }],
  [TYPE.RTM_DELADDR, { octets: 8, read: addressMessage }],
]);

function readBody(octets: Uint8Array, type: number, at: number, end: number): MessageBody | undefined {
  const reader = READERS.get(type);
  if (reader === undefined) return undefined;
  if (end - at < HEADER_OCTETS + reader.octets) return malformed(`${end - at} octets of type ${type}`);
  return reader.read(octets, at + HEADER_OCTETS, end, type);
}

function malformed(why: string): MessageBody {
  return { kind: "malformed", why };
}

function routeMessage(octets: Uint8Array, at: number, end: number, type: number): MessageBody | undefined {
  const route = readRoute(octets, at, end);
  if (route === "other") return undefined;
  if (route === "malformed") return malformed("a route");
  const flags = hostU16(octets, at - HEADER_OCTETS + 6);
  const beside = (flags & (FLAG.CREATE | FLAG.EXCL | FLAG.REPLACE)) === FLAG.CREATE; // EXCL: it is the first
  return { kind: "route", gone: type === TYPE.RTM_DELROUTE, beside, route };
}

/** struct ifinfomsg. A bridge tells of its ports by the same types and AF_BRIDGE: one that leaves is no link gone. */
function linkMessage(octets: Uint8Array, at: number, end: number, type: number): MessageBody | undefined {
  if (octets[at] !== AF.UNSPEC) return undefined;
  const attributes = attributesIn(octets, at + 16, end);
  const name = attributes?.find((attribute) => attribute.type === IFLA_IFNAME);
  if (name === undefined) return malformed("a link");
  const flags = hostU32(octets, at + 8);
  return { kind: "link", gone: type === TYPE.RTM_DELLINK, link: {
    index: hostI32(octets, at + 4), name: textOf(octets, name.from, name.to), up: (flags & IFF.UP) !== 0,
    running: (flags & IFF.RUNNING) !== 0, loopback: (flags & IFF.LOOPBACK) !== 0,
  } };
}

/** struct ifaddrmsg. IFA_ADDRESS is the other end of a point-to-point link; ours is IFA_LOCAL where there is one. */
function addressMessage(octets: Uint8Array, at: number, end: number, type: number): MessageBody | undefined {
  const addressOctets = octets[at] === AF.INET ? 4 : octets[at] === AF.INET6 ? 16 : 0;
  if (addressOctets === 0) return undefined;
  const attributes = attributesIn(octets, at + 8, end);
  const field = (wanted: number): Uint8Array | undefined => {
    const found = attributes?.find(({ type: one, from, to }) => one === wanted && to - from === addressOctets);
    return found === undefined ? undefined : copied(octets, found.from, found.to);
  };
  const network = field(IFA.ADDRESS) ?? field(IFA.LOCAL);
  const length = octets[at + 1]!;
  if (network === undefined || length > addressOctets * 8) return malformed("an address");
  const own = field(IFA.LOCAL) ?? network.slice();
  clearHostBits(network, length);
  return { kind: "address", gone: type === TYPE.RTM_DELADDR, address: {
    family: addressOctets === 4 ? "ipv4-unicast" : "ipv6-unicast", interfaceIndex: hostI32(octets, at + 4),
    address: own, prefix: { address: network, length }, scope: octets[at + 3]!,
  } };
}

/** struct nlmsgerr: the error, the request's header, the request unless the socket asked to cap it, the words. */
function readAnswer(octets: Uint8Array, at: number, end: number): MessageBody {
  const flags = hostU16(octets, at - HEADER_OCTETS + 6);
  const asked = (flags & FLAG.CAPPED) !== 0 ? HEADER_OCTETS : hostU32(octets, at + 4);
  const words = (flags & FLAG.ACK_TLVS) !== 0 && asked <= end - at - 4 ? at + 4 + aligned(asked) : end;
  const message = words >= end ? undefined
    : attributesIn(octets, words, end)?.find(({ type }) => type === NLMSGERR_ATTR_MSG);
  const text = message === undefined ? undefined : textOf(octets, message.from, message.to);
  return { kind: "answer", errno: Math.abs(hostI32(octets, at)), text };
}

function readDone(octets: Uint8Array, at: number, end: number): MessageBody {
  return { kind: "done", errno: end - at < 4 ? 0 : Math.abs(hostI32(octets, at)) };
}

/** A text up to its zero octet or its end; names of interfaces are octets of no known encoding: Latin 1 keeps them. */
function textOf(octets: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to && octets[at] !== 0; at++) text += String.fromCharCode(octets[at]!);
  return text;
}
