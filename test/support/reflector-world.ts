/**
 * The real tables, reflectors, groups and members between naive peers: what a Peer and Work do in the daemon is done
 * here by explicit operations, so that every order of them can be tried. After `drain` each far end's table is compared
 * with the naive exporter's (reflector-checks.ts).
 */

import { parseAddress } from "../../src/base/address.ts";
import { EMPTY } from "../../src/base/bytes.ts";
import { parsePrefix } from "../../src/base/prefix.ts";
import type { OriginatedRoute } from "../../src/config/intent.ts";
import { setOwnRoutes } from "../../src/daemon/own-routes.ts";
import { newTables } from "../../src/daemon/tables.ts";
import type { Tables } from "../../src/daemon/tables.ts";
import { FAMILIES } from "../../src/messages/families.ts";
import type { FamilyRow } from "../../src/messages/families.ts";
import { encodeRouteRefresh } from "../../src/messages/route-refresh.ts";
import { encodeUpdate, endOfRib } from "../../src/messages/update.ts";
import type { ReflectorLimits } from "../../src/reflector/limits.ts";
import type { GroupMember } from "../../src/reflector/member.ts";
import { Reflector } from "../../src/reflector/reflector.ts";
import { judge } from "../../src/reflector/session-rules.ts";
import { OWN_PEER } from "../../src/rib/ids.ts";
import type { PeerId } from "../../src/rib/ids.ts";
import type { PeerFacts } from "../../src/rib/peer-table.ts";
import { PATH_FLAGS } from "../../src/rib/rib.ts";
import { NaiveExporter } from "./naive-exporter.ts";
import type { NaiveAttributes, NaivePeer } from "./naive-exporter.ts";
import { Receiver } from "./reflector-receiver.ts";
import { checkEmpty, checkNothingTold, compareTables } from "./reflector-checks.ts";
import { ACCEPT, blockOf, factsOf, familiesOf, ingressOf, OURS, targetOf } from "./reflector-neighbour.ts";
import type { Capabilities, Neighbour, Session } from "./reflector-neighbour.ts";
import { Sightings } from "./reflector-sightings.ts";
import type { Counts } from "./reflector-sightings.ts";

export { ACCEPT, blockOf, Neighbour, OURS, TINY_LIMITS } from "./reflector-neighbour.ts";
export type { Capabilities } from "./reflector-neighbour.ts";
export type { Counts } from "./reflector-sightings.ts";

/** The world. */
export class World {
  readonly tables: Tables;
  readonly reflectors: readonly Reflector[];
  readonly naive: NaiveExporter;
  readonly neighbours: readonly Neighbour[];
  readonly #sightings: Sightings;
  readonly #own: NaivePeer;
  readonly #dropping = new Set<PeerId>();
  /** Ids that no session uses any more and that something still refers to. */
  readonly retired: Set<PeerId> = new Set();
  /** The peer that each id stands for now. */
  readonly names: Map<PeerId, string> = new Map();
  #ownRoutes: readonly OriginatedRoute[] = [];
  #now = 1;

  constructor(neighbours: readonly Neighbour[], limits: ReflectorLimits, seed: number, counts: Counts) {
    let state = seed;
    this.tables = newTables(() => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32));
    const { ribs, peers, store, sources } = this.tables;
    this.reflectors = FAMILIES.map((family, i) =>
      new Reflector(family, { rib: ribs[i]!, peers, store, sources }, limits));
    this.naive = new NaiveExporter(OURS.routerId, OURS.clusterIds, [OURS.ipv4, OURS.ipv6]);
    this.neighbours = neighbours;
    this.#sightings = new Sightings(counts);
    sources.set({ peer: OWN_PEER, kind: "ebgp", own: true, routerId: OURS.routerId, clusterId: 0,
      localAsNumber: OURS.asn });
    this.#own = {
      name: "own", own: true, kind: "ebgp", asn: OURS.asn, localAs: OURS.asn, routerId: 0, clusterId: 0, address: "",
      imports: ACCEPT, exports: ACCEPT, nextHop: "auto", self: {}, addPathMax: 0, extendedNextHop: false,
      messageOctetsMax: 4096,
    };
    this.names.set(OWN_PEER, "own");
  }

  count(what: string): void {
    this.#sightings.count(what);
  }

  // Sessions.

  up(neighbour: Neighbour, capabilities: Capabilities): void {
    if (neighbour.session !== undefined) return;
    const { naive } = neighbour;
    const addPath = (on: boolean): string[] => (on ? [...capabilities.families] : []);
    naive.addPathMax = capabilities.addPathReceive ? neighbour.addPathSendMax : 0;
    naive.extendedNextHop = capabilities.extendedNextHop;
    naive.messageOctetsMax = capabilities.extendedMessages ? 65_535 : 4096;
    this.#takeId(neighbour);
    const session: Session = {
      capabilities, members: [], wire: [], woken: false, strict: [],
      ingress: ingressOf(neighbour, capabilities),
      receiver: new Receiver({
        fourOctetAs: capabilities.fourOctetAs, ebgp: naive.kind === "ebgp",
          addPath: addPath(capabilities.addPathReceive),
        messageOctetsMax: naive.messageOctetsMax,
          routerIdText: [24, 16, 8, 0].map((n) => (naive.routerId >>> n) & 255).join("."),
      }),
    };
    neighbour.session = session;
    for (const family of familiesOf(capabilities)) {
      const who = { peer: neighbour.id, name: naive.name, routerId: naive.routerId,
        wake: (): void => { session.woken = true; } };
      const marks = { atStart: [], atEnd: [endOfRib(family.name)] };
      session.members[family.index] = this.reflectors[family.index]!.join(who, targetOf(neighbour, family), marks);
    }
    this.count("up");
  }

  down(neighbour: Neighbour): void {
    const { session } = neighbour;
    if (session === undefined) return;
    for (const family of FAMILIES) {
      const member = session.members[family.index];
      if (member === undefined) continue;
      if (member.state !== "live") this.count("left while fed");
      this.reflectors[family.index]!.leave(member);
    }
    neighbour.session = undefined;
    this.#dropping.add(neighbour.id);
    this.naive.drop(neighbour.naive);
    this.count("down");
  }

  #takeId(neighbour: Neighbour): void {
    const { peers } = this.tables;
    const want = factsOf(neighbour.naive);
    const { id } = neighbour;
    const same = (have: PeerFacts): boolean => have.routerId === want.routerId && have.asNumber === want.asNumber;
    if (id !== 0 && (this.#dropping.has(id) || !same(peers.get(id)))) {
      this.retired.add(id);
      this.#dropping.add(id);
      neighbour.id = 0 as PeerId;
      this.count("peer retired");
    } else if (id !== 0) this.count("same id again");
    if (neighbour.id === 0) {
      neighbour.id = peers.add(want);
      if (this.names.has(neighbour.id)) this.count("peer id reused");
      this.names.set(neighbour.id, neighbour.naive.name);
    }
    this.#setFacts(neighbour);
  }

  #setFacts(neighbour: Neighbour): void {
    const { naive, id } = neighbour;
    this.tables.peers.update(id, factsOf(naive));
    const changed = this.tables.sources.set({
      peer: id, kind: naive.kind, own: false, routerId: naive.routerId,
      clusterId: naive.kind === "client" ? naive.clusterId : 0, localAsNumber: naive.localAs,
    });
    if (!changed) return;
    for (const rib of this.tables.ribs) {
      for (let path = rib.firstOfPeer(id); path !== 0; path = rib.nextOfPeer(path)) rib.markDirty(rib.prefixOf(path));
    }
  }

  // Input.

  /** One UPDATE, through real octets. */
  update(neighbour: Neighbour, family: FamilyRow, change: {
    readonly announced: readonly string[]; readonly withdrawn: readonly string[]; readonly receivedId: number;
    readonly attributes: NaiveAttributes;
  }): void {
    const { session, naive } = neighbour;
    if (session?.members[family.index] === undefined) return;
    const { addPathSend, fourOctetAs, extendedNextHop } = session.capabilities;
    const { attributes } = change;
    if (attributes.nextHop.includes(":") && family.addressOctets === 4 && !extendedNextHop) return;
    const pathId = addPathSend ? change.receivedId : 0;
    const items = (texts: readonly string[]) => texts.map((text) => ({ prefix: parsePrefix(text)!, pathId }));
    this.#sightings.seeIds(this.tables.ribs[family.index]!, neighbour.id, change.announced, pathId);
    const message = encodeUpdate({
      family: family.name, announced: items(change.announced), withdrawn: items(change.withdrawn), addPath: addPathSend,
      attributes: change.announced.length > 0 ? blockOf(attributes) : EMPTY, nextHop: parseAddress(attributes.nextHop)!,
        fourOctetAs,
    });
    const { ingress } = this.tables;
    const result = ingress.apply(message, ingress.read(message, session.ingress), session.ingress, this.#now++);
    if (result.end !== undefined) throw new Error(`an UPDATE ended the session: ${result.end.why}`);
    for (const prefix of change.withdrawn) this.naive.withdraw(naive, family.name, prefix, pathId);
    for (const prefix of change.announced) this.naive.announce(naive, family.name, prefix, pathId, attributes);
    this.#sightings.seeIds(this.tables.ribs[family.index]!, neighbour.id, change.announced, pathId);
  }

  own(prefixes: readonly string[], med: number | undefined): void {
    const want = prefixes.map((text): OriginatedRoute => ({
      prefix: parsePrefix(text)!, nextHop: undefined, communities: [], largeCommunities: [], localPref: undefined, med,
    }));
    setOwnRoutes(this.tables, this.#ownRoutes, want, this.#now++);
    this.#ownRoutes = want;
    this.naive.drop(this.#own);
    for (const text of prefixes) {
      const attributes = { origin: 0 as const, asPath: [], nextHop: "", ...(med === undefined ? {} : { med }) };
      this.naive.announce(this.#own, text.includes(":") ? "ipv6-unicast" : "ipv4-unicast", text, 0, attributes);
    }
  }

  markStale(neighbour: Neighbour, family: FamilyRow): void {
    if (neighbour.session?.members[family.index] === undefined) return;
    this.tables.ribs[family.index]!.markStale(neighbour.id);
    this.naive.markStale(neighbour.naive, family.name);
  }

  sweep(neighbour: Neighbour, family: FamilyRow): void {
    if (neighbour.session?.members[family.index] === undefined) return;
    this.tables.ribs[family.index]!.sweepStale(neighbour.id, Infinity);
    this.naive.sweep(neighbour.naive, family.name);
    this.count("swept");
  }

  /** The import policy or the rules changed: what was received is judged again (as the daemon's speaker does). */
  rejudge(neighbour: Neighbour): void {
    const { session } = neighbour;
    if (session === undefined) return;
    session.ingress = ingressOf(neighbour, session.capabilities);
    this.#setFacts(neighbour);
    const { store, ribs } = this.tables;
    for (const rib of ribs) {
      for (let path = rib.firstOfPeer(neighbour.id); path !== 0; path = rib.nextOfPeer(path)) {
        const verdict = judge(store, rib.attributesInOf(path), session.ingress.rules);
        store.retain(verdict.attributes);
        const after = session.ingress.policy.filter(store, rib, rib.prefixOf(path), verdict.attributes, true);
        if (after !== 0) store.retain(after);
        rib.setPolicyResult(path, after, verdict.flags | (after === 0 ? PATH_FLAGS.FILTERED : 0));
        if (after !== 0) store.release(after);
        store.release(verdict.attributes);
      }
    }
    this.count("rejudged");
  }

  // Output.

  /** Members go where their configuration now says. */
  retarget(neighbours: readonly Neighbour[]): void {
    for (const family of FAMILIES) {
      const reflector = this.reflectors[family.index]!;
      const moves = neighbours.flatMap((neighbour) => {
        const member = neighbour.session?.members[family.index];
        if (member === undefined) return [];
        neighbour.naive.addPathMax = neighbour.session!.capabilities.addPathReceive ? neighbour.addPathSendMax : 0;
        const target = targetOf(neighbour, family);
        return member.group.target.key === target.key ? [] : [{ neighbour, member, target, group: member.group }];
      });
      const members = reflector.retarget(moves);
      moves.forEach(({ neighbour, member, group }, i) => {
        const now = members[i]!;
        if (now === member) this.count("rekeyed");
        else if (group.members.size > 0) this.count("moved alone");
        else this.count("moved all");
        neighbour.session!.members[family.index] = now;
        if (now === member) return;
        neighbour.session!.strict[family.index] = false;
        neighbour.session!.woken = true;
      });
    }
  }

  refresh(neighbour: Neighbour, family: FamilyRow): void {
    const { session } = neighbour;
    const member = session?.members[family.index];
    if (session === undefined || member === undefined) return;
    const mark = (subtype: number): Uint8Array[] => (
      session.capabilities.enhancedRefresh ? [encodeRouteRefresh({ afi: family.afi, safi: family.safi, subtype })] : []
    );
    this.count(`refresh while ${member.state}`);
    session.strict[family.index] = false;
    member.refresh({ atStart: mark(1), atEnd: mark(2) });
  }

  setGate(open: boolean): void {
    for (const reflector of this.reflectors) reflector.setGate(open);
  }

  pump(): void {
    this.#dropSome(2);
    for (const reflector of this.reflectors) reflector.pump();
    this.#sightings.seeMembers(this.#members());
  }

  #dropSome(budget: number): void {
    for (const id of this.#dropping) {
      if (this.tables.ribs.every((rib) => rib.dropPeer(id, budget))) this.#dropping.delete(id);
    }
  }

  reap(): void {
    for (const reflector of this.reflectors) reflector.reap();
    const { ribs, sources, peers } = this.tables;
    for (const id of this.retired) {
      if (this.#dropping.has(id) || ribs.some((rib) => rib.refersTo(id))) continue;
      sources.drop(id);
      if (sources.refersTo(id)) continue;
      peers.release(id);
      this.retired.delete(id);
      this.count("peer released");
    }
  }

  *#members(): Iterable<GroupMember> {
    for (const { session } of this.neighbours) {
      for (const member of session?.members ?? []) if (member !== undefined) yield member;
    }
  }

  /** Takes at most so many pieces, if the session was woken; answers how many. */
  pull(neighbour: Neighbour, pieces: number): number {
    const { session } = neighbour;
    if (session === undefined || !session.woken) return 0;
    for (let taken = 0; taken < pieces; taken++) {
      const octets = this.#pullOne(session);
      this.#sightings.seeMembers(this.#members());
      if (octets === undefined) {
        session.woken = false;
        return taken;
      }
      session.wire.push(octets);
    }
    return pieces;
  }

  #pullOne(session: Session): Uint8Array | undefined {
    for (const family of FAMILIES) {
      const member = session.members[family.index];
      if (member === undefined) continue;
      if (member.state !== "live") session.strict[family.index] = false;
      const octets = this.reflectors[family.index]!.pull(member);
      if (octets !== undefined) return octets;
      if (member.state !== "live" && member.group.populated) this.count("later, or the gate is closed");
    }
    return undefined;
  }

  /** Delivers so many octets to the far end. */
  deliver(neighbour: Neighbour, octets: number): void {
    const { session } = neighbour;
    if (session === undefined) return;
    for (let left = octets; left > 0 && session.wire.length > 0;) {
      const piece = session.wire.shift()!;
      session.receiver.take(piece.subarray(0, left));
      if (piece.length > left) session.wire.unshift(piece.subarray(left));
      left -= piece.length;
    }
    if (session.receiver.waiting > 0) this.count("stopped inside a message");
  }

  get busy(): boolean {
    return this.#dropping.size > 0 || this.reflectors.some((reflector) => reflector.busy);
  }

  /** Everything is decided, told, taken and delivered; then every far end must hold what the model says. */
  drain(): void {
    this.setGate(true);
    this.settle();
    for (const neighbour of this.neighbours) compareTables(this, neighbour);
    this.count("drained");
  }

  /** Runs until nothing is left to do. Only sessions that were woken are pulled, as in the daemon. */
  settle(): void {
    for (let turns = 0; ; turns++) {
      if (turns > 10_000) throw new Error("it never comes to rest");
      if (this.busy) this.pump();
      let moved = 0;
      for (const neighbour of this.neighbours) {
        moved += this.pull(neighbour, 3);
        this.deliver(neighbour, Infinity);
      }
      if (moved === 0 && !this.busy && this.neighbours.every(({ session }) => session?.woken !== true)) return;
    }
  }

  /** After everything was withdrawn, told and reaped no store may hold anything. */
  checkEmpty(): void {
    checkEmpty(this);
  }

  /** With the sessions up and nothing announced, the groups must have let go of everything. */
  checkNothingTold(): void {
    checkNothingTold(this);
  }
}
