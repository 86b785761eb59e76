/**
 * What a node of the lab says and hears: it announces its blocks as a Calico node's BIRD does and keeps the table
 * that it was told. Rule: it knows routes and attributes; connecting and staying connected are PeerSession's.
 */

import { formatPrefix } from "../base/prefix.ts";
import { checkMandatory, readAttributes } from "../messages/attributes/read.ts";
import type { AttributeReading } from "../messages/attributes/read.ts";
import type { Capability } from "../messages/capabilities.ts";
import { describeAttributes, encodeAttributes } from "../messages/describe.ts";
import type { RouteAttributes } from "../messages/describe.ts";
import { FAMILIES, familyRow } from "../messages/families.ts";
import type { Family } from "../messages/families.ts";
import type { Fault } from "../messages/fault.ts";
import { checkNlri, INVALID_NETWORK_FIELD, NlriCursor, prefixOf } from "../messages/nlri.ts";
import type { RouteRefresh } from "../messages/route-refresh.ts";
import { encodeUpdate, endOfRib, newSections, splitUpdate } from "../messages/update.ts";
import type { SessionFacts, SessionOwner } from "../transport/ports.ts";
import type { LabNode } from "./plan.ts";
import { ipv6Address, LAB_AS_NUMBER, octets } from "./plan.ts";

/** One route that a speaker was told. */
export interface LabRoute extends RouteAttributes {
  readonly prefix: string;
  readonly pathId: number;
}

/** What a Calico node's BIRD offers: both families, ADD-PATH both ways, route refresh. */
export const SPEAKER_CAPABILITIES: readonly Capability[] = [
  ...FAMILIES.map(({ afi, safi }) => ({ name: "multiprotocol", afi, safi }) as const),
  { name: "routeRefresh" },
  { name: "fourOctetAs", asNumber: LAB_AS_NUMBER },
  { name: "addPath", families: FAMILIES.map(({ afi, safi }) => ({ afi, safi, receive: true, send: true })) },
];

/** BIRD's attributes of a kernel or static route that it exports to iBGP. */
const OWN_ATTRIBUTES: Uint8Array = encodeAttributes({ origin: "igp", asPath: [], localPref: 100 });

/** A stretch of NLRI inside a message. */
interface Stretch { readonly family: Family | undefined; readonly at: number; readonly end: number }

/** One node's routes, in and out. */
export class LabSpeaker implements SessionOwner {
  readonly node: LabNode;
  readonly #changed: () => void;
  readonly #table = new Map<string, LabRoute>();
  readonly #cursor = new NlriCursor();
  readonly #sections = newSections();
  #facts: SessionFacts | undefined;
  #waiting: Uint8Array[] = [];
  #wake: () => void = () => {};

  /** `changed` is called when the table or the session changed. */
  constructor(node: LabNode, changed: () => void) {
    this.node = node;
    this.#changed = changed;
  }

  /** Number of routes in the table. */
  get routes(): number {
    return this.#table.size;
  }

  /** What the node was told and still holds, by prefix and path identifier. */
  get table(): readonly LabRoute[] {
    return [...this.#table.values()];
  }

  /** Names the session that is told when there is something to pull. */
  attach(session: { wake(): void }): void {
    this.#wake = () => session.wake();
  }

  up(facts: SessionFacts): void {
    this.#facts = facts;
    this.#announce(facts.negotiated.families);
    this.#changed();
  }

  down(): void {
    this.#facts = undefined;
    this.#waiting = [];
    this.#table.clear();
    this.#changed();
  }

  routeRefresh({ afi, safi, subtype }: RouteRefresh): void {
    const wanted = FAMILIES.filter((row) => subtype === 0 && row.afi === afi && row.safi === safi);
    this.#announce(wanted.map(({ name }) => name));
  }

  /** One message at a time: each is far smaller than what a socket takes. */
  pull(): Uint8Array | undefined {
    return this.#waiting.shift();
  }

  sent(): void {}

  update(message: Uint8Array): Fault | undefined {
    const facts = this.#facts;
    if (facts === undefined) return undefined;
    const sections = this.#sections;
    const unsplit = splitUpdate(message, sections);
    if (unsplit !== undefined) return unsplit;
    const reading = readAttributes(message, sections.attributesAt, sections.attributesEnd, contextOf(facts));
    if (!this.#delimits(message)) return INVALID_NETWORK_FIELD;
    const hasClassicNlri = sections.nlriAt < sections.nlriEnd;
    const faults = [...reading.faults, ...checkMandatory(reading, { hasClassicNlri })];
    const reset = faults.find(({ disposition }) => disposition === "reset");
    if (reset !== undefined) return reset;
    this.#take(message, reading, faults.every(({ disposition }) => disposition === "discard"));
    this.#changed();
    return undefined;
  }

  /** Whether the classic fields hold whole prefixes; those of MP_* were checked by their reader. */
  #delimits(message: Uint8Array): boolean {
    const { withdrawnAt, withdrawnEnd, nlriAt, nlriEnd } = this.#sections;
    const addPath = this.#addPath("ipv4-unicast");
    return checkNlri(message, withdrawnAt, withdrawnEnd, 4, addPath) && checkNlri(message, nlriAt, nlriEnd, 4, addPath);
  }

  #addPath(family: Family): boolean {
    return this.#facts?.negotiated.addPathReceive.includes(family) ?? false;
  }

  /** Stores what is announced, removes what is withdrawn; routes of a faulty message count as withdrawn (RFC 7606). */
  #take(message: Uint8Array, reading: AttributeReading, usable: boolean): void {
    const { withdrawnAt, withdrawnEnd, nlriAt, nlriEnd } = this.#sections;
    const { reach, unreach } = reading;
    this.#remove(message, { family: "ipv4-unicast", at: withdrawnAt, end: withdrawnEnd });
    if (unreach !== undefined) this.#remove(message, stretch(unreach));
    const told: [Stretch, Uint8Array | undefined][] =
      [[{ family: "ipv4-unicast", at: nlriAt, end: nlriEnd }, reading.nextHop]];
    if (reach !== undefined) told.push([stretch(reach), reach.nextHop]);
    for (const [where, nextHop] of told) {
      if (usable) this.#store(message, where, describeAttributes(reading.block, nextHop));
      else this.#remove(message, where);
    }
  }

  #store(message: Uint8Array, where: Stretch, attributes: RouteAttributes): void {
    this.#each(message, where, (prefix, pathId) => {
      this.#table.set(`${prefix} ${pathId}`, { prefix, pathId, ...attributes });
    });
  }

  #remove(message: Uint8Array, where: Stretch): void {
    this.#each(message, where, (prefix, pathId) => this.#table.delete(`${prefix} ${pathId}`));
  }

  #each(message: Uint8Array, { family, at, end }: Stretch, visit: (prefix: string, pathId: number) => void): void {
    if (family === undefined) return;
    const { addressOctets } = familyRow(family);
    this.#cursor.reset(message, at, end, addressOctets, this.#addPath(family));
    while (this.#cursor.next()) visit(formatPrefix(prefixOf(this.#cursor, addressOctets)), this.#cursor.pathId);
  }

  /** Queues our blocks of these families, each family closed by its End-of-RIB (RFC 4724 §2). */
  #announce(families: readonly Family[]): void {
    for (const family of families) {
      const { addressOctets } = familyRow(family);
      const blocks = this.node.blocks.filter(({ address }) => address.length === addressOctets);
      const nextHop = octets(addressOctets === 4 ? this.node.address : ipv6Address(this.node));
      const addPath = this.#facts?.negotiated.addPathSend.includes(family) ?? false;
      const announced = blocks.map((prefix) => ({ prefix, pathId: 1 }));
      this.#waiting.push(encodeUpdate({ family, announced, attributes: OWN_ATTRIBUTES, nextHop, addPath }));
      this.#waiting.push(endOfRib(family));
    }
    this.#wake();
  }
}

const stretch = (part: { family: Family | undefined; nlriAt: number; nlriEnd: number }): Stretch =>
  ({ family: part.family, at: part.nlriAt, end: part.nlriEnd });

function contextOf({ negotiated }: SessionFacts): Parameters<typeof readAttributes>[3] {
  const { families, fourOctetAs, addPathReceive, extendedNextHop } = negotiated;
  return { ebgp: false, fourOctetAs, addPath: addPathReceive, extendedNextHop, loopback: true, families };
}
