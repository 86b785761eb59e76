/**
 * Messages → JSON, for `decode`, labs and bug reports. Rule: the reader, the checks and the dispositions are the
 * daemon's own; nothing is judged here.
 */

import { formatIpv4 } from "../base/address.ts";
import { toHex } from "../base/bytes.ts";
import { formatPrefix } from "../base/prefix.ts";
import type { AttributeContext, AttributeReading } from "./attributes/read.ts";
import { checkMandatory, readAttributes } from "./attributes/read.ts";
import { describeCapability } from "./capabilities.ts";
import { describeAttributes, describeNextHop } from "./describe.ts";
import type { Family } from "./families.ts";
import { FAMILIES, familyOf, familyRow } from "./families.ts";
import type { Fault } from "./fault.ts";
import { isFault, strongest } from "./fault.ts";
import { Framer } from "./framer.ts";
import { badLength, EXTENDED_MESSAGE_OCTETS_MAX, MESSAGE, messageType } from "./header.ts";
import { checkNlri, INVALID_NETWORK_FIELD, isUnusable, NlriCursor, prefixOf } from "./nlri.ts";
import { decodeNotification, describeNotification } from "./notification.ts";
import { decodeOpen } from "./open.ts";
import { decodeRouteRefresh, REFRESH } from "./route-refresh.ts";
import { isEndOfRib, newSections, splitUpdate } from "./update.ts";
import { checkOpenValues } from "./validate-open.ts";

/** What decodeMessage must be told of the session. */
export interface DecodeContext {
  readonly ebgp: boolean;
  readonly fourOctetAs: boolean;
  readonly addPath: readonly Family[];
}

/** One decoded message; the keys are those of `decode` in the public interface. */
export type DecodedMessage = { readonly type: string } & Readonly<Record<string, unknown>>;

/** The JSON of the octets of exactly one message, whatever they are. */
export function decodeMessage(octets: Uint8Array, context: DecodeContext): DecodedMessage {
  const framer = new Framer();
  framer.maxOctets = EXTENDED_MESSAGE_OCTETS_MAX;
  framer.push(octets);
  const message = framer.next();
  if (message === undefined) return unreadable(badLength(octets.length, "a cut message"));
  if (isFault(message)) return unreadable(message);
  if (framer.bufferedOctets > 0) return unreadable(badLength(octets.length, "more than one message"));
  const decode = DECODERS[messageType(message)];
  return decode === undefined ? unreadable(badLength(octets.length, "a message")) : decode(message, context);
}

type Decoder = (message: Uint8Array, context: DecodeContext) => DecodedMessage;

const DECODERS: Readonly<Record<number, Decoder>> = {
  [MESSAGE.OPEN]: describeOpen,
  [MESSAGE.UPDATE]: describeUpdate,
  [MESSAGE.NOTIFICATION](message) {
    const notification = decodeNotification(message);
    return isFault(notification) ? unreadable(notification)
      : { type: "notification", ...describeNotification(notification) };
  },
  [MESSAGE.KEEPALIVE]: () => ({ type: "keepalive" }),
  [MESSAGE.ROUTE_REFRESH]: describeRefresh,
};

function describeOpen(message: Uint8Array): DecodedMessage {
  const open = decodeOpen(message);
  if (isFault(open)) return unreadable(open);
  const fault = checkOpenValues(open);
  return {
    type: "open", version: open.version, asNumber: open.asNumber, holdTimeSeconds: open.holdTimeSeconds,
    routerId: formatIpv4(open.routerId), capabilities: open.capabilities.map(describeCapability),
    ...judged(fault === undefined ? [] : [fault]),
  };
}

const REFRESH_NAMES: readonly string[] = ["request", "begin", "end"];

function describeRefresh(message: Uint8Array): DecodedMessage {
  const refresh = decodeRouteRefresh(message);
  if (isFault(refresh)) return unreadable(refresh);
  const { afi, safi, subtype } = refresh;
  const row = familyOf(afi, safi);
  const name = subtype <= REFRESH.EORR ? { meaning: REFRESH_NAMES[subtype] } : {};
  return { type: "route-refresh", ...(row === undefined ? {} : { family: row.name }), afi, safi, subtype, ...name };
}

/** One announced or withdrawn prefix. */
interface DescribedRoute {
  readonly family: Family;
  readonly prefix: string;
  readonly pathId?: number;
  readonly nextHop?: string;
}

/** The lists of an UPDATE while they grow. */
interface Draft {
  readonly message: Uint8Array;
  readonly context: DecodeContext;
  readonly announced: DescribedRoute[];
  readonly withdrawn: DescribedRoute[];
  readonly faults: Fault[];
}

function describeUpdate(message: Uint8Array, context: DecodeContext): DecodedMessage {
  const sections = newSections();
  const damage = splitUpdate(message, sections);
  if (damage !== undefined) return unreadable(damage);
  const reading = readAttributes(message, sections.attributesAt, sections.attributesEnd, fullContext(context));
  const hasClassicNlri = sections.nlriEnd > sections.nlriAt;
  const faults = [...reading.faults, ...checkMandatory(reading, { hasClassicNlri })];
  const draft: Draft = { message, context, announced: [], withdrawn: [], faults };
  addRoutes(draft, draft.withdrawn, "ipv4-unicast", sections.withdrawnAt, sections.withdrawnEnd, undefined);
  addRoutes(draft, draft.announced, "ipv4-unicast", sections.nlriAt, sections.nlriEnd, reading.nextHop);
  addMultiprotocol(draft, reading);
  const endOfRib = isEndOfRib(message);
  return {
    type: "update", announced: draft.announced, withdrawn: draft.withdrawn,
    attributes: describeAttributes(reading.block), ...(endOfRib === undefined ? {} : { endOfRib }), ...judged(faults),
  };
}

/** A tool sees every family and knows nothing of the session's addresses. */
function fullContext(context: DecodeContext): AttributeContext {
  const families = FAMILIES.map(({ name }) => name);
  return { ...context, families, extendedNextHop: ["ipv4-unicast"], loopback: true };
}

function addMultiprotocol(draft: Draft, { reach, unreach }: AttributeReading): void {
  if (unreach?.family !== undefined) {
    addRoutes(draft, draft.withdrawn, unreach.family, unreach.nlriAt, unreach.nlriEnd, undefined);
  }
  if (reach?.family !== undefined) {
    addRoutes(draft, draft.announced, reach.family, reach.nlriAt, reach.nlriEnd, reach.nextHop);
  }
}

function addRoutes(
  draft: Draft, routes: DescribedRoute[], family: Family, at: number, end: number, nextHop: Uint8Array | undefined,
): void {
  const { addressOctets } = familyRow(family);
  const addPath = draft.context.addPath.includes(family);
  if (!checkNlri(draft.message, at, end, addressOctets, addPath)) {
    draft.faults.push(INVALID_NETWORK_FIELD);
    return;
  }
  const cursor = new NlriCursor();
  cursor.reset(draft.message, at, end, addressOctets, addPath);
  while (cursor.next()) {
    const prefix = formatPrefix(prefixOf(cursor, addressOctets));
    if (isUnusable(cursor.w0, cursor.w1, cursor.w2, cursor.w3, cursor.length, addressOctets)) {
      draft.faults.push({ ...INVALID_NETWORK_FIELD, disposition: "discard", why: `${prefix} is ignored` });
      continue;
    }
    routes.push({
      family, prefix, ...(addPath ? { pathId: cursor.pathId } : {}),
      ...(nextHop === undefined ? {} : { nextHop: describeNextHop(nextHop) }),
    });
  }
}

function unreadable(fault: Fault): DecodedMessage {
  return { type: "error", ...judged([fault]) };
}

function judged(faults: readonly Fault[]): { readonly disposition: string; readonly faults: readonly object[] } {
  return { disposition: strongest(faults), faults: faults.map(describeFault) };
}

function describeFault({ attribute, disposition, code, subcode, data, why }: Fault): object {
  return { ...(attribute === undefined ? {} : { attribute }), disposition, code, subcode, data: toHex(data), why };
}
