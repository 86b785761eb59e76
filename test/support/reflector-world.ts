/**
 * The real tables, reflectors, groups and members between naive peers: what a Peer and Work do in the daemon is done
 * here by explicit operations, so that every order of them can be tried. After `drain` each far end's table is compared
 * with the naive exporter's.
 */

import { parseAddress, parseIpv4 } from "../../src/base/address.ts";
import { EMPTY } from "../../src/base/bytes.ts";
import { parsePrefix } from "../../src/base/prefix.ts";
import type { FilterRule, OriginatedRoute, Policy } from "../../src/config/intent.ts";
import { setOwnRoutes } from "../../src/daemon/own-routes.ts";
import { newTables } from "../../src/daemon/tables.ts";
import type { Tables } from "../../src/daemon/tables.ts";
import { FAMILIES } from "../../src/messages/families.ts";
import type { FamilyRow } from "../../src/messages/families.ts";
import { encodeRouteRefresh } from "../../src/messages/route-refresh.ts";
import { encodeUpdate, endOfRib } from "../../src/messages/update.ts";
import { CompiledPolicy } from "../../src/reflector/filters.ts";
import type { IngressSession } from "../../src/reflector/ingress.ts";
import type { UpdateGroup } from "../../src/reflector/group.ts";
import type { ReflectorLimits } from "../../src/reflector/limits.ts";
import type { GroupMember } from "../../src/reflector/member.ts";
import { Reflector } from "../../src/reflector/reflector.ts";
import { judge } from "../../src/reflector/session-rules.ts";
import { ExportTarget } from "../../src/reflector/target.ts";
import { OWN_PEER } from "../../src/rib/ids.ts";
import type { PathIndex, PeerId } from "../../src/rib/ids.ts";
import type { PeerFacts } from "../../src/rib/peer-table.ts";
import { PATH_FLAGS } from "../../src/rib/rib.ts";
import { attribute, join } from "./attributes.ts";
import { NaiveExporter } from "./naive-exporter.ts";
import type { NaiveAttributes, NaivePeer, NaivePolicy } from "./naive-exporter.ts";
import { Receiver } from "./reflector-receiver.ts";

/** Our BGP Identifier, cluster ids, AS and addresses. */
export const OURS = {
  routerId: 99, clusterIds: [0xf4000001, 0xf4000002], asn: 64512, ipv4: "10.0.0.254", ipv6: "2001:db8::fe",
} as const;

/** Bounds so small that every one of them is reached. */
export const TINY_LIMITS: ReflectorLimits = {
  lagOctetsMax: 150, chunkFullOctets: 100, prefixesPerSlice: 3, octetsPerSlice: 60, reapedPerSlice: 4, deadRowsMax: Infinity, feedSlotsPerStep: 2,
  deltaSlotsPerStep: 2, routesPerStep: 2, stepsPerCall: 2, stepsPerLagCheck: 1,
};

/** What the far end of a session can. */
export interface Capabilities {
  readonly fourOctetAs: boolean;
  readonly addPathReceive: boolean;
  readonly addPathSend: boolean;
  readonly extendedMessages: boolean;
  readonly extendedNextHop: boolean;
  readonly enhancedRefresh: boolean;
  readonly families: readonly string[];
}

/** How often each interesting thing happened. */
export type Counts = Record<string, number>;

interface Session {
  readonly capabilities: Capabilities;
  readonly receiver: Receiver;
  readonly members: (GroupMember | undefined)[];
  /** Octets that were pulled and not yet delivered: views of shared buffers. */
  readonly wire: Uint8Array[];
  ingress: IngressSession;
  woken: boolean;
  /** By family: the member has all, so that every withdrawal must be of something told. */
  readonly strict: boolean[];
}

/** A neighbour: its configuration, and its session while it is up. */
export class Neighbour {
  readonly naive: NaivePeer;
  /** The number of paths that the configuration allows with ADD-PATH. */
  addPathSendMax: number = Infinity;
  id: PeerId = 0 as PeerId;
  session: Session | undefined = undefined;

  constructor(naive: NaivePeer) {
    this.naive = naive;
  }
}

/** The world. */
export class World {
  readonly tables: Tables;
  readonly reflectors: readonly Reflector[];
  readonly naive: NaiveExporter;
  readonly neighbours: readonly Neighbour[];
  readonly counts: Counts;
  readonly #own: NaivePeer;
  readonly #dropping = new Set<PeerId>();
  readonly #retired = new Set<PeerId>();
  readonly #names = new Map<PeerId, string>();
  #ownRoutes: readonly OriginatedRoute[] = [];
  #now = 1;
  // What ids last meant, to see them used again.
  readonly #prefixIds = new Map<string, string>();
  readonly #pathIds = new Map<string, string>();

  constructor(neighbours: readonly Neighbour[], limits: ReflectorLimits, seed: number, counts: Counts) {
    let state = seed;
    this.tables = newTables(() => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32));
    const { ribs, store, sources } = this.tables;
    this.reflectors = FAMILIES.map((family, i) => new Reflector(family, { rib: ribs[i]!, store, sources }, limits));
    this.naive = new NaiveExporter(OURS.routerId, OURS.clusterIds, [OURS.ipv4, OURS.ipv6]);
    this.neighbours = neighbours;
    this.counts = counts;
    sources.set({ peer: OWN_PEER, kind: "ebgp", own: true, routerId: OURS.routerId, clusterId: 0, localAsNumber: OURS.asn });
    this.#own = {
      name: "own", own: true, kind: "ebgp", asn: OURS.asn, localAs: OURS.asn, routerId: 0, clusterId: 0, address: "",
      imports: ACCEPT, exports: ACCEPT, nextHop: "auto", self: {}, addPathMax: 0, extendedNextHop: false, messageOctetsMax: 4096,
    };
    this.#names.set(OWN_PEER, "own");
  }

  count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
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
      ingress: this.#ingressSession(neighbour, capabilities),
      receiver: new Receiver({
        fourOctetAs: capabilities.fourOctetAs, ebgp: naive.kind === "ebgp", addPath: addPath(capabilities.addPathReceive),
        messageOctetsMax: naive.messageOctetsMax, routerIdText: [24, 16, 8, 0].map((n) => (naive.routerId >>> n) & 255).join("."),
      }),
    };
    neighbour.session = session;
    for (const family of familiesOf(capabilities)) {
      const who = { peer: neighbour.id, name: naive.name, routerId: naive.routerId, wake: (): void => { session.woken = true; } };
      const marks = { atStart: [], atEnd: [endOfRib(family.name)] };
      session.members[family.index] = this.reflectors[family.index]!.join(who, this.#target(neighbour, family), marks);
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
      this.#retired.add(id);
      this.#dropping.add(id);
      neighbour.id = 0 as PeerId;
      this.count("peer retired");
    } else if (id !== 0) this.count("same id again");
    if (neighbour.id === 0) {
      neighbour.id = peers.add(want);
      if (this.#names.has(neighbour.id)) this.count("peer id reused");
      this.#names.set(neighbour.id, neighbour.naive.name);
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

  #target({ naive }: Neighbour, family: FamilyRow): ExportTarget {
    return new ExportTarget({
      family, kind: naive.kind, localAsNumber: naive.localAs, clusterId: naive.kind === "client" ? naive.clusterId : 0,
      nextHop: naive.nextHop, selfAddress: parseAddress(naive.self[family.name]!) ?? EMPTY, role: naive.role,
      policy: new CompiledPolicy(policyOf(naive.exports), naive.kind !== "ebgp"), addPathMax: naive.addPathMax,
      fourOctetAs: this.#capabilitiesOf(naive).fourOctetAs, messageOctetsMax: naive.messageOctetsMax,
      extendedNextHop: naive.extendedNextHop && family.addressOctets === 4,
    });
  }

  #capabilitiesOf(naive: NaivePeer): Capabilities {
    return this.neighbours.find((neighbour) => neighbour.naive === naive)!.session!.capabilities;
  }

  #ingressSession({ id, naive }: Neighbour, capabilities: Capabilities): IngressSession {
    const ebgp = naive.kind === "ebgp";
    const families = familiesOf(capabilities).map(({ name }) => name);
    const addPath = capabilities.addPathSend ? families : [];
    const extendedNextHop = capabilities.extendedNextHop ? (["ipv4-unicast"] as const) : [];
    return {
      peer: id,
      context: { ebgp, fourOctetAs: capabilities.fourOctetAs, addPath, extendedNextHop, loopback: false, families },
      contextKey: (ebgp ? 1 : 0) | (capabilities.fourOctetAs ? 2 : 0) | (capabilities.extendedNextHop ? 8 : 0),
      rules: {
        ebgp, client: naive.kind === "client", asNumber: naive.asn, localAsNumber: naive.localAs, routerId: OURS.routerId,
        clusterIds: OURS.clusterIds, role: naive.role, enforceFirstAs: true, rejectAsSets: true, allowOwnAs: 0,
        isOurs: (address) => [OURS.ipv4, OURS.ipv6].some((own) => String(parseAddress(own)) === String(address)),
      },
      policy: new CompiledPolicy(policyOf(naive.imports), !ebgp),
      negotiated: FAMILIES.map(({ name }) => families.includes(name)), addPath: FAMILIES.map(({ name }) => addPath.includes(name)),
      limits: [],
    };
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
    this.#watch(family, neighbour, change.announced, pathId);
    const message = encodeUpdate({
      family: family.name, announced: items(change.announced), withdrawn: items(change.withdrawn), addPath: addPathSend,
      attributes: change.announced.length > 0 ? blockOf(attributes) : EMPTY, nextHop: parseAddress(attributes.nextHop)!, fourOctetAs,
    });
    const { ingress } = this.tables;
    const result = ingress.apply(message, ingress.read(message, session.ingress), session.ingress, this.#now++);
    if (result.end !== undefined) throw new Error(`an UPDATE ended the session: ${result.end.why}`);
    for (const prefix of change.withdrawn) this.naive.withdraw(naive, family.name, prefix, pathId);
    for (const prefix of change.announced) this.naive.announce(naive, family.name, prefix, pathId, attributes);
    this.#watch(family, neighbour, change.announced, pathId);
  }

  /** Counts tombstones that come alive and ids that are used again. */
  #watch(family: FamilyRow, neighbour: Neighbour, prefixes: readonly string[], receivedId: number): void {
    const rib = this.tables.ribs[family.index]!;
    for (const text of prefixes) {
      const { address, length } = parsePrefix(text)!;
      const view = new DataView(Uint8Array.from([...address, ...new Uint8Array(12)]).buffer);
      const word = (i: number): number => (i < address.length / 4 ? view.getUint32(i * 4) : 0);
      const prefix = rib.prefixes.find(word(0), word(1), word(2), word(3), length);
      if (prefix === 0) continue;
      const was = this.#prefixIds.get(`${family.index} ${prefix}`);
      if (was !== undefined && was !== text) this.count("prefix id reused");
      this.#prefixIds.set(`${family.index} ${prefix}`, text);
      for (let path = rib.firstOfPrefix(prefix); path !== 0; path = rib.nextOfPrefix(path)) {
        if (rib.peerOf(path) !== neighbour.id || rib.receivedPathIdOf(path) !== receivedId) continue;
        const key = `${family.index} ${path}`;
        const meaning = `${text} ${neighbour.id} ${receivedId}`;
        const meant = this.#pathIds.get(key);
        if (meant !== undefined && meant !== meaning) this.count("path id reused");
        if (!rib.isLive(path)) this.count("revived tombstone");
        this.#pathIds.set(key, meaning);
      }
    }
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
    session.ingress = this.#ingressSession(neighbour, session.capabilities);
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
        const target = this.#target(neighbour, family);
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
    this.#observe();
  }

  #dropSome(budget: number): void {
    for (const id of this.#dropping) {
      if (this.tables.ribs.every((rib) => rib.dropPeer(id, budget))) this.#dropping.delete(id);
    }
  }

  reap(): void {
    for (const reflector of this.reflectors) reflector.reap();
    const { ribs, sources, peers } = this.tables;
    for (const id of this.#retired) {
      if (this.#dropping.has(id) || ribs.some((rib) => rib.refersTo(id))) continue;
      sources.drop(id);
      if (sources.refersTo(id)) continue;
      peers.release(id);
      this.#retired.delete(id);
      this.count("peer released");
    }
  }

  readonly #seen = new WeakMap<GroupMember, { state: string; detachments: number }>();

  readonly #fallBacks = new WeakMap<UpdateGroup, number>();

  #observe(): void {
    for (const { session } of this.neighbours) {
      for (const member of session?.members ?? []) {
        if (member === undefined) continue;
        const { state, detachments } = member;
        const before = this.#seen.get(member);
        if (before !== undefined && detachments > before.detachments) this.count("detached");
        if (before?.state === "detached" && state === "live") this.count("rejoined");
        this.#seen.set(member, { state, detachments });
        const { fallBacks } = member.group.ring;
        if (fallBacks > (this.#fallBacks.get(member.group) ?? 0)) this.count("ring fallback");
        this.#fallBacks.set(member.group, fallBacks);
        if (member.group.tooLong > 0) this.count("too long");
      }
    }
  }

  /** Takes at most so many pieces, if the session was woken; answers how many. */
  pull(neighbour: Neighbour, pieces: number): number {
    const { session } = neighbour;
    if (session === undefined || !session.woken) return 0;
    for (let taken = 0; taken < pieces; taken++) {
      const octets = this.#pullOne(session);
      this.#observe();
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
    for (const neighbour of this.neighbours) this.#compare(neighbour);
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

  #compare({ naive, session }: Neighbour): void {
    if (session === undefined) return;
    if (session.receiver.waiting > 0) throw new Error(`${naive.name} was sent half a message`);
    for (const family of familiesOf(session.capabilities)) {
      const member = session.members[family.index]!;
      if (member.state !== "live") throw new Error(`${naive.name} is ${member.state} after everything`);
      const want = [...this.naive.table(naive, family.name)].map(([key, route]) => [key, route] as const);
      const have = [...session.receiver.table].filter(([key]) => key.startsWith(family.name))
        .map(([key, route]) => [this.#meaning(family, key), route] as const);
      const text = (routes: readonly (readonly [string, object])[]): string => routes
        .map(([key, route]) => `${key}: ${JSON.stringify(Object.entries(route).sort(([a], [b]) => (a < b ? -1 : 1)))}`)
        .sort().join("\n");
      if (text(want) !== text(have)) {
        throw new Error(`${naive.name} (${naive.kind}) ${family.name}\nholds\n${text(have)}\nshould hold\n${text(want)}`);
      }
      this.#checkStrict(session, family, naive);
      if (!session.receiver.marks.includes(`eor ${family.name}`)) throw new Error(`${naive.name} had no End-of-RIB`);
    }
  }

  /** The key of a told route in the words of the model: a path id stands for its prefix, source and received id. */
  #meaning(family: FamilyRow, key: string): string {
    const [, prefix, pathId] = key.split(" ");
    if (pathId === undefined) return prefix!;
    const rib = this.tables.ribs[family.index]!;
    const path = Number(pathId) as PathIndex;
    if (!rib.isLive(path)) return `${prefix} withdrawn path ${pathId}`;
    return `${prefix} ${this.#names.get(rib.peerOf(path))} ${rib.receivedPathIdOf(path)}`;
  }

  /** In a session that had everything before, nothing may be withdrawn that was never told. */
  #checkStrict(session: Session, family: FamilyRow, naive: NaivePeer): void {
    const { receiver } = session;
    const unfounded = receiver.withdrawnKeys.length > 0 ? receiver.unfounded : 0;
    if (session.strict.every((strict) => strict) && session.strict.length > 0 && unfounded > 0) {
      throw new Error(`${naive.name} was withdrawn ${unfounded} routes that it was never told`);
    }
    for (const key of receiver.withdrawnKeys.splice(0)) {
      const [of, prefix] = key.split(" ");
      if (this.naive.best(of!, prefix!)?.peer === naive) this.count("horizon withdrawal");
    }
    receiver.unfounded = 0;
    session.strict[family.index] = true;
  }

  /** After everything was withdrawn, told and reaped no store may hold anything. */
  checkEmpty(): void {
    for (const neighbour of this.neighbours) this.down(neighbour);
    this.own([], undefined);
    for (let i = 0; i < 50; i++) {
      this.settle();
      this.reap();
    }
    const { store, peers, ribs, sources } = this.tables;
    store.collect();
    const left: Record<string, number> = {
      sets: store.size, rawForms: store.rawForms,
      sources: sources.size - 1 - this.neighbours.filter(({ id }) => id !== 0).length, peers: peers.size - 1 - this.neighbours.filter(({ id }) => id !== 0).length,
      retired: this.#retired.size, groups: this.reflectors.reduce((sum, r) => sum + [...r.groups()].length, 0),
      prefixes: ribs.reduce((sum, rib) => sum + rib.prefixes.size, 0), paths: ribs.reduce((sum, rib) => sum + rib.liveCount, 0),
      limbo: ribs.reduce((sum, rib) => sum + rib.limboCount, 0),
      references: this.neighbours.filter(({ id }) => ribs.some((rib) => id !== 0 && rib.refersTo(id))).length,
      told: this.neighbours.filter(({ id }) => id !== 0 && !sources.refersTo(id)).length,
    };
    for (const [what, count] of Object.entries(left)) if (count !== 0) throw new Error(`${count} ${what} are left over`);
  }

  /** With the sessions up and nothing announced, the groups must have let go of everything. */
  checkNothingTold(): void {
    for (const reflector of this.reflectors) {
      for (const group of reflector.groups()) {
        if (group.advertised !== 0 || group.exports.size !== 0) {
          throw new Error(`group ${group.id} still tells ${group.advertised}, ${group.exports.size} exports`);
        }
      }
    }
  }
}

/** Accepts everything. */
export const ACCEPT: NaivePolicy = { rules: [], default: "accept" };

function familiesOf(capabilities: Capabilities): FamilyRow[] {
  return FAMILIES.filter(({ name }) => capabilities.families.includes(name));
}

function factsOf(naive: NaivePeer): PeerFacts {
  return {
    name: naive.name, ebgp: naive.kind === "ebgp", own: false, client: naive.kind === "client", clusterId: naive.clusterId,
    routerId: naive.routerId, address: parseAddress(naive.address)!, remotePort: 179, localAs: naive.localAs, asNumber: naive.asn,
  };
}

/** A naive policy as the configuration has it. */
export function policyOf(naive: NaivePolicy): Policy {
  const rules = naive.rules.map((rule): FilterRule => ({
    action: rule.action,
    ...(rule.prefix === undefined ? {} : { cidr: parsePrefix(rule.prefix)!, matchOperator: "Equal" as const }),
    ...(rule.community === undefined ? {} : { community: [rule.community] }),
    ...(rule.action === "reject" ? {} : {
      operations: [
        ...(rule.addCommunity === undefined ? [] : [{ do: "addCommunity" as const, community: [rule.addCommunity >>> 16, rule.addCommunity & 0xffff] }]),
        ...(rule.prepend === undefined ? [] : [{ do: "prependAsPath" as const, asns: rule.prepend }]),
        ...(rule.priority === undefined ? [] : [{ do: "setPriority" as const, priority: rule.priority }]),
      ],
    }),
  }));
  return { rules, default: naive.default, missing: false };
}

/** The attributes as octets, without the next hop. */
export function blockOf(a: NaiveAttributes): Uint8Array {
  const words = (...values: number[]): Uint8Array => Uint8Array.from(values.flatMap((value) => (
    [24, 16, 8, 0].map((shift) => (value >>> shift) & 255)
  )));
  const parts = [attribute(0x40, 1, Uint8Array.of(a.origin))];
  const path = a.asPath.length === 0 ? EMPTY : Uint8Array.from([2, a.asPath.length, ...words(...a.asPath)]);
  parts.push(attribute(0x40, 2, path));
  if (a.med !== undefined) parts.push(attribute(0x80, 4, words(a.med)));
  if (a.localPref !== undefined) parts.push(attribute(0x40, 5, words(a.localPref)));
  if (a.communities !== undefined) parts.push(attribute(0xc0, 8, words(...a.communities)));
  if (a.originatorId !== undefined) parts.push(attribute(0x80, 9, words(a.originatorId)));
  if (a.clusterList !== undefined) parts.push(attribute(0x80, 10, words(...a.clusterList)));
  if (a.aigp !== undefined) parts.push(attribute(0x80, 26, Uint8Array.from([1, 0, 11, ...words(0, a.aigp)])));
  if (a.otc !== undefined) parts.push(attribute(0xc0, 35, words(a.otc)));
  if (a.unknown !== undefined) {
    const octets = Uint8Array.from(a.unknown.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    parts.push(attribute(octets.length > 255 ? 0xf0 : 0xe0, 99, octets));
  }
  return join(...parts);
}

/** An IPv4 text as a number. */
export function quadOf(text: string): number {
  return parseIpv4(text)!;
}
