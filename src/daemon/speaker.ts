/**
 * The speaker: tables, neighbours and the intent in force. Rule: an intent is applied as a difference, and a session
 * is touched only where its own parameters changed (config/diff.ts has the prices).
 */

import { isLoopback, parseAddress } from "../base/address.ts";
import { toHex } from "../base/bytes.ts";
import { after } from "../base/ports.ts";
import type { Clock, Instant, Random } from "../base/ports.ts";
import { Shared } from "../base/shared.ts";
import { diffIntent } from "../config/diff.ts";
import type { IntentDiff, PeerChange } from "../config/diff.ts";
import type { Intent, PeerIntent, SpeakerIntent } from "../config/intent.ts";
import { FAMILIES } from "../messages/families.ts";
import type { FamilyRow } from "../messages/families.ts";
import { CEASE } from "../messages/notification.ts";
import type { GroupMember } from "../reflector/member.ts";
import type { SessionRules } from "../reflector/session-rules.ts";
import type { ExportTarget } from "../reflector/target.ts";
import type { AttributeStore } from "../rib/attribute-store.ts";
import type { NextHops } from "../rib/candidates.ts";
import { OWN_PEER } from "../rib/ids.ts";
import type { PeerId } from "../rib/ids.ts";
import { InputTurns } from "../transport/input-turns.ts";
import type { Connector, Scheduler } from "../transport/ports.ts";
import type { SocketGuard } from "../transport/provider.ts";
import type { ReloadResult } from "./api.ts";
import type { PeerHost } from "./host.ts";
import type { Log } from "./log.ts";
import { Neighbours } from "./neighbours.ts";
import { OwnAddresses } from "./own-addresses.ts";
import { setOwnRoutes } from "./own-routes.ts";
import type { Peer } from "./peer.ts";
import { Restarts } from "./restarts.ts";
import type { RestartMemory } from "./restarts.ts";
import { parametersOf } from "./session-parameters.ts";
import { newTables } from "./tables.ts";
import type { Tables } from "./tables.ts";
import { Work } from "./work.ts";

/** Of a message that led to an exception, the log takes so much. */
const BUG_OCTETS_SHOWN = 4096;
/** So many routes have had compiled what they need. */
const REHEARSED_ROUTES = 1_024;

/** What a speaker needs of the world: the system's in the daemon, virtual ones in the simulator. */
export interface SpeakerEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly connector: Connector;
  readonly log: Log;
  /** Where restarts are remembered; absent: nowhere, and a crash is forgotten. */
  readonly restarts?: RestartMemory | undefined;
  /** Runs a full garbage collection; absent where nobody minds the memory. */
  collectGarbage?(): void;
  /** The first session is up. `isOver`: many routes have come since, or the speaker has stopped. */
  routesMayCome?(isOver: () => boolean): void;
  /** Who knows what neighbours demand of sockets, and what of it cannot be had. */
  readonly sockets: SocketGuard;
}

/** One BGP speaker. */
export class Speaker implements PeerHost {
  readonly tables: Tables;
  readonly log: Log;
  readonly environment: SpeakerEnvironment;
  readonly neighbours: Neighbours;
  readonly work: Work;
  readonly restarts: Restarts;
  #intent: Intent;
  clusterIds: readonly number[] = [];
  readonly rules: Shared<SessionRules> = new Shared();
  originatesWithoutNextHop = false;
  speaksLongLived = false;
  /** Exceptions of ours that cost one session each. */
  bugs = 0;
  #hadSession = false;
  #stopped = false;
  readonly #ownAddresses = new OwnAddresses();
  /** Who sent the paths of an id. */
  readonly #owners = new Map<PeerId, Peer>();
  /** Ourselves, by where routes of ours come from. */
  readonly #ownPeers: PeerId[] = [OWN_PEER];

  /** `nextHopsOf`: who knows how next hops are reached; absent: all are. */
  constructor(
    environment: SpeakerEnvironment, intent: Intent, nextHopsOf?: (store: AttributeStore) => NextHops,
  ) {
    this.environment = environment;
    this.log = environment.log;
    this.tables = newTables(environment.random, nextHopsOf);
    this.work = new Work(this.tables, {
      now: () => environment.clock.now(),
      soon: (run) => environment.scheduler.soon(run),
      later: (seconds, run) => this.later(seconds, run),
      moreIn: () => InputTurns.of(environment).busy,
      tooSlow: (id) => this.#tooSlow(id),
      collectGarbage: () => environment.collectGarbage?.(),
    });
    this.#intent = { ...intent, peers: [], originated: [] };
    this.restarts = new Restarts(environment.restarts, {
      log: this.log,
      routerId: () => this.speaker.routerId,
      later: (seconds, run) => this.later(seconds, run),
      setGate: (family, open) => {
        this.tables.reflectors[family.index]!.setGate(open);
        if (open) this.work.changed();
      },
      peers: () => this.neighbours.all(),
      expects: (name) => this.neighbours.expects(name),
      reopen: (peer) => peer.session.retune(parametersOf(this, peer)),
    });
    this.neighbours = new Neighbours(this, environment);
    this.#takeSpeaker(this.#intent);
    this.apply(intent);
  }

  get intent(): Intent {
    return this.#intent;
  }

  get speaker(): SpeakerIntent {
    return this.#intent.speaker;
  }

  /** Makes the speaker what `want` says. Answers what became of each neighbour. */
  apply(want: Intent): ReloadResult {
    const diff = diffIntent(this.#intent, want);
    const before = this.#intent;
    const { originatesWithoutNextHop: wroteSelf, speaksLongLived: spoke } = this;
    this.#takeSpeaker(want);
    const resetAll = diff.speaker.price === "reset";
    const plan = this.#plan(diff, resetAll);
    const replaced = [...plan.reset.map(({ want: peer }) => peer), ...(resetAll ? plan.untouched : [])];
    // All before any: a listener takes one password for an address, and two neighbours of it may change theirs.
    for (const { name } of [...diff.removed, ...replaced]) this.environment.sockets.release(name);
    for (const { name } of diff.removed) this.neighbours.remove(name);
    for (const peer of diff.added) this.neighbours.add(peer);
    for (const peer of replaced) this.neighbours.replace(peer);
    for (const { want: peer } of [...plan.refreshed, ...plan.quiet]) this.neighbours.update(peer);
    this.neighbours.demandAgain();
    if (diff.originated) setOwnRoutes(this.tables, before.originated, want.originated, this.nowSeconds());
    this.#reconsider(diff, wroteSelf !== this.originatesWithoutNextHop || spoke !== this.speaksLongLived);
    this.work.changed();
    if (want.peers.length > 0) this.restarts.begin();
    return {
      added: diff.added.map(({ name }) => name),
      removed: diff.removed.map(({ name }) => name),
      reset: replaced.map(({ name }) => name),
      refreshed: plan.refreshed.map(({ name }) => name),
      untouched: [...plan.quiet.map(({ name }) => name), ...(resetAll ? [] : plan.untouched.map(({ name }) => name))],
    };
  }

  now(): Instant {
    return this.environment.clock.now();
  }

  nowSeconds(): number {
    return Math.floor(this.environment.clock.wallMilliseconds() / 1000);
  }

  later(seconds: number, run: () => void): () => void {
    return this.environment.scheduler.at(after(this.environment.clock.now(), seconds), run);
  }

  isOurs(bytes: Uint8Array, at: number, end: number): boolean {
    return this.#ownAddresses.has(bytes, at, end);
  }

  isLoopback(address: string): boolean {
    const bytes = parseAddress(address);
    return bytes !== undefined && isLoopback(bytes);
  }

  pulledDry(): void {
    // A member that was told "later" waits in its reflector for the next slice.
    if (this.tables.reflectors.some((reflector) => reflector.busy)) this.work.changed();
  }

  bug(peer: Peer, error: unknown, message: Uint8Array): void {
    this.bugs++;
    const stack = error instanceof Error ? error.stack ?? error.message : String(error);
    const shown = message.subarray(0, BUG_OCTETS_SHOWN);
    peer.log("error", "bug", { stack, octets: message.length, message: toHex(shown) });
  }

  /** An address of ours that is news can make a next hop ours that others sent before (RFC 4271 §6.3). */
  peerUp(peer: Peer): void {
    if (!this.#hadSession) this.#firstSession();
    this.#owners.set(peer.id, peer);
    this.work.sessionChanged();
    if (this.#ownAddresses.add(peer.facts!.localAddress)) this.#rejudgeAll();
    this.restarts.up(peer);
    this.neighbours.noteSession(peer);
  }

  peerDown(peer: Peer): void {
    this.work.sessionChanged();
    this.restarts.down();
    this.neighbours.noteSession(peer);
  }

  endOfRib(peer: Peer, family: FamilyRow): void {
    this.restarts.endOfRib(peer, family);
  }

  nothingKept(peer: Peer): void {
    this.neighbours.nothingKept(peer);
  }

  /** Another source of routes of our own, with its preference before all stages of the decision (peer 1 has 1). */
  addOwnPeer(preference: number): PeerId {
    const peer = this.tables.peers.add({ ...this.tables.peers.get(OWN_PEER), preference });
    this.#ownPeers.push(peer);
    this.#setOwnSource(peer);
    return peer;
  }

  retire(id: PeerId): void {
    this.#owners.delete(id);
    this.work.retire(id);
  }

  /** The neighbour whose paths have that id; undefined for our own and for one that is no more. */
  ownerOf(id: PeerId): Peer | undefined {
    return this.#owners.get(id);
  }

  markPaths(id: PeerId): void {
    for (const rib of this.tables.ribs) {
      for (let path = rib.firstOfPeer(id); path !== 0; path = rib.nextOfPeer(path)) rib.markDirty(rib.prefixOf(path));
    }
    this.work.changed();
  }

  /** Moves members whose targets differ from their groups'. */
  retarget(peers: readonly Peer[]): void {
    for (const family of FAMILIES) {
      const moves: { peer: Peer; member: GroupMember; target: ExportTarget }[] = [];
      for (const peer of peers) {
        const member = peer.member(family);
        const target = peer.targetFor(family);
        if (member === undefined || target === undefined || member.group.target.key === target.key) continue;
        moves.push({ peer, member, target });
      }
      const members = this.tables.reflectors[family.index]!.retarget(moves);
      for (const [i, { peer }] of moves.entries()) {
        peer.replaceMember(family, members[i]!);
        peer.session.wake(); // not before: it would pull from the member that has left
      }
    }
    this.work.changed();
  }

  /**
   * Ends every session and stops all work: to come back (RFC 4724), or for good. `forwarding`: what forwards by our
   * routes goes on meanwhile.
   */
  stop(text: string, how: SpeakerIntent["onStop"] = "shutdown", forwarding: boolean = true): void {
    this.#stopped = true;
    this.restarts.stop(how, forwarding);
    this.neighbours.stop(text, how);
    this.work.stop();
  }

  #firstSession(): void {
    this.#hadSession = true;
    const routes = (): number => this.tables.ribs.reduce((sum, { liveCount }) => sum + liveCount, 0);
    const enough = routes() + REHEARSED_ROUTES;
    this.environment.routesMayCome?.(() => this.#stopped || routes() >= enough);
  }

  #rejudgeAll(): void {
    for (const peer of this.neighbours.all()) this.work.rejudge(peer);
  }

  /** Ends the session of a peer that takes far less than there is to tell, whoever else it would cost memory. */
  #tooSlow(id: PeerId): void {
    const peer = this.neighbours.all().find((one) => one.id === id);
    peer?.log("warn", "too-slow", { why: "what it was not told yet takes too much memory" });
    peer?.session.reset(CEASE.OUT_OF_RESOURCES, "takes far less than there is to tell");
  }

  #takeSpeaker(want: Intent): void {
    this.#intent = want;
    this.clusterIds = [...new Set([want.speaker.clusterId, ...want.peers.map(({ clusterId }) => clusterId)])];
    this.originatesWithoutNextHop = this.#ownPeers.length > 1
      || want.originated.some(({ nextHop }) => nextHop === undefined);
    this.speaksLongLived = want.peers.some(({ gracefulRestart }) => gracefulRestart?.longLivedSeconds !== undefined);
    for (const peer of this.#ownPeers) this.#setOwnSource(peer);
    const listening = want.speaker.listen.map(({ address }) => address);
    if (this.#ownAddresses.listen(listening)) this.#rejudgeAll();
  }

  #setOwnSource(peer: PeerId): void {
    const { routerId, asNumber } = this.speaker;
    this.tables.sources.set({ peer, kind: "ebgp", own: true, routerId, clusterId: 0, localAsNumber: asNumber });
  }

  /** What becomes of the neighbours that stay. */
  #plan(diff: IntentDiff, resetAll: boolean): Plan {
    const of = (...prices: string[]): PeerChange[] => diff.changed.filter(({ price }) => prices.includes(price));
    const named = new Set([...diff.changed, ...diff.added].map(({ name }) => name));
    return {
      reset: resetAll ? [...diff.changed] : of("reset"),
      refreshed: resetAll ? [] : of("re-evaluate", "refresh"),
      quiet: resetAll ? [] : of("nothing"),
      untouched: this.#intent.peers.filter(({ name }) => !named.has(name)),
    };
  }

  /** Groups and verdicts that changed with the intents of peers, or with our cluster ids. */
  #reconsider(diff: IntentDiff, isNewsForAll: boolean): void {
    const peers = this.neighbours.all();
    const changed = diff.changed.filter(({ price }) => price !== "nothing")
      .flatMap(({ name }) => this.neighbours.named(name));
    this.retarget(isNewsForAll ? peers : changed);
    for (const peer of diff.clusterIds ? peers : changed) {
      peer.setIntent(peer.intent);
      this.work.rejudge(peer);
    }
  }
}

/** The neighbours that stay, by what happens to them. */
interface Plan {
  readonly reset: readonly PeerChange[];
  readonly refreshed: readonly PeerChange[];
  readonly quiet: readonly PeerChange[];
  readonly untouched: readonly PeerIntent[];
}
