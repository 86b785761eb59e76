/**
 * The kernel's owner: best paths become routes in it, its own routes and addresses become what next hops are reached by
 * and, in Calico mode, routes to announce. Rules: what the kernel has is read at the start, on a timer and whenever
 * something was missed; changes go on meanwhile, a bounded piece per turn of the event loop; nothing of another
 * protocol number is ever touched.
 */

import type { NodePlan } from "../../calico/translate/node.ts";
import { formatPrefix } from "../../base/prefix.ts";
import type { Prefix } from "../../base/prefix.ts";
import { addressWords } from "../../base/address.ts";
import { sameValue } from "../../base/same.ts";
import { NextHops } from "../../kernel/next-hops.ts";
import { KernelPolicy } from "../../kernel/policy.ts";
import type { KernelVerdict } from "../../kernel/policy.ts";
import type { KernelEvent, KernelFailure } from "../../kernel/port.ts";
import type { KernelRoute } from "../../kernel/route.ts";
import { KernelState } from "../../kernel/state.ts";
import type { StateEvent } from "../../kernel/state.ts";
import { familyOfOctets } from "../../messages/families.ts";
import type { PrefixId } from "../../rib/ids.ts";
import type { Rib } from "../../rib/rib.ts";
import type { KernelView } from "../api.ts";
import type { Speaker } from "../speaker.ts";
import { verdictOf, wordsOfId } from "./best-paths.ts";
import { wordsOf } from "./by-prefix.ts";
import type { PrefixWords } from "./by-prefix.ts";
import { Convergence } from "./convergence.ts";
import { kernelPlan, usesTunnel } from "./kernel-plan.ts";
import type { KernelPlan } from "./kernel-plan.ts";
import { Ledger, PACE } from "./ledger.ts";
import type { LedgerChanges, Suspect } from "./ledger.ts";
import { LearnedRoutes } from "./learned-routes.ts";
import { Marker } from "./marker.ts";
import { Mending } from "./mending.ts";
import type { KernelMeans, OpenKernel } from "./means.ts";
import { Reachability } from "./reachability.ts";
import { Retries } from "./retries.ts";
import { Timers } from "./timers.ts";
import { kernelCounts, kernelView } from "./view.ts";
import type { KernelCounts } from "./view.ts";

/** A kernel is read a sixth of the time at most, whatever is missed. */
const PAUSE_PER_READING = 5;
const PAUSE_MILLISECONDS_MAX = 5000;
/** How long it is waited until a kernel that could not be read is read again. */
const READ_AGAIN_SECONDS = 1;
/** How often it is looked whether another daemon has let go of the kernel. */
const OCCUPIED_SECONDS = 10;
/** How long a stop waits for the kernel to take the removals. */
const STOP_SECONDS = 5;

/** The owner of one daemon's kernel. */
export class KernelOwner {
  /** For the decision. */
  readonly reachability: Reachability;
  readonly #means: KernelMeans;
  readonly #state = new KernelState();
  readonly #nextHops: NextHops;
  readonly #ledger = new Ledger();
  readonly #timers: Timers;
  readonly #retries: Retries;
  readonly #mending: Mending;
  readonly #convergence: Convergence;
  #speaker: Speaker | undefined;
  #marker: Marker | undefined;
  #learned: LearnedRoutes | undefined;
  #plan: KernelPlan;
  #policy: KernelPolicy;
  #kernel: OpenKernel | undefined;
  /** Why nothing is programmed though it should be. */
  #why: string | undefined = "the daemon is starting";
  /** The kernel was read once. */
  #isKnown = false;
  #wantsReading = false;
  /** Changes were lost on their way: what follows is not made before the kernel was read. */
  #isUnsure = false;
  /** When it was last read to its end, and how long it is not read again after that; of a monotonic clock. */
  #readEndedAt = 0;
  #pauseMilliseconds = 0;
  /** What happens while the kernel is read: it may be newer than what is read. */
  #during: StateEvent[] | undefined;
  #calls = 0;
  #isScheduled = false;
  #isStopped = false;
  #readAt: number | undefined;
  #onIdle: (() => void) | undefined;

  constructor(means: KernelMeans) {
    this.#means = means;
    const { table, protocol } = means.settings;
    this.#nextHops = new NextHops({ table, ownProtocol: protocol });
    this.reachability = new Reachability(this.#nextHops);
    this.#plan = kernelPlan(means.settings, means.isCalico, undefined);
    this.#policy = this.#policyOf(this.#plan);
    this.#timers = new Timers((seconds, run) => means.later(seconds, run));
    this.#convergence = new Convergence(means, this.#timers, () => this.#converged());
    this.#mending = new Mending(this.#ledger, this.#timers, () => this.#goOn());
    this.#retries = new Retries(this.#ledger, this.#timers, means.log, () => this.#goOn());
  }

  /** Whose best paths they are. */
  attach(speaker: Speaker): void {
    const { tables, work } = speaker;
    this.#speaker = speaker;
    this.#marker = new Marker(tables, { soon: (run) => this.#means.soon(run), changed: () => work.changed() });
    if (this.#means.isCalico && this.#means.settings.learn) this.#learned = new LearnedRoutes(speaker);
    speaker.restarts.awaitKernel();
    for (const reflector of tables.reflectors) {
      const rib = tables.ribs[reflector.family.index]!;
      reflector.onDecided = (id) => this.#decided(rib, id);
    }
  }

  /** Begins, as soon as nobody else has the kernel's routes of our protocol number. */
  async begin(): Promise<void> {
    const occupied = await this.#means.occupied();
    if (this.#isStopped) return;
    if (occupied !== undefined) {
      if (this.#why !== occupied) this.#means.log.write("warn", "kernel-occupied", { why: occupied });
      this.#why = occupied;
      this.#speaker?.restarts.kernelRead(false);
      this.#timers.set("begin", OCCUPIED_SECONDS, () => void this.begin());
      return;
    }
    this.#why = "the kernel has not been read yet";
    this.#kernel = this.#means.open();
    this.#kernel.follow((event) => this.#happened(event));
    this.#read();
  }

  /** The node's part in its cluster is another one. */
  setNodePlan(node: NodePlan | undefined): void {
    const before = this.#plan;
    const plan = kernelPlan(this.#means.settings, this.#means.isCalico, node);
    if (sameValue(plan, before)) return;
    this.#plan = plan;
    if (!sameValue(plan.policy, before.policy)) {
      this.#policy = this.#policyOf(plan);
      this.#marker?.all();
    }
    if (!this.#isKnown) return;
    this.#reachedOtherwise(this.#nextHops.lead(plan.gateways));
    for (const { prefix } of new Map([...before.ownRoutes, ...plan.ownRoutes]).values()) this.#decidedOf(prefix);
    this.#learned?.become(plan, this.#state);
  }

  /** Whether a stop takes our routes away. */
  removesAtStop(comesBack: boolean): boolean {
    return !comesBack && this.#isKnown && this.#means.settings.onStop === "remove";
  }

  /** Lets go of the kernel: its routes stay or go, as the configuration has it; who comes back at once keeps them. */
  async stop(comesBack: boolean): Promise<void> {
    if (this.#isStopped) return;
    const kernel = this.#kernel;
    if (kernel !== undefined && this.removesAtStop(comesBack)) await this.#removeAll();
    this.#isStopped = true;
    this.#timers.stop();
    this.#marker?.stop();
    if (kernel !== undefined) await new Promise<void>((resolve) => kernel.stop(resolve));
  }

  /** How it stands. */
  view(): KernelView {
    const why = this.#kernel?.trouble?.() ?? this.#why;
    return kernelView({
      settings: this.#means.settings, why, ledger: this.#ledger, totals: this.#retries.totals, readAt: this.#readAt,
      learned: this.#learned?.count ?? 0, others: this.#state.routes(),
      restarts: this.#kernel?.restarts?.() ?? { write: 0, follow: 0 },
      nameOf: (index) => this.#state.links.get(index)?.name ?? String(index),
    });
  }

  /** What of it is counted, for the metrics. */
  counts(): KernelCounts {
    return kernelCounts(this.#ledger, this.#retries.totals);
  }

  #policyOf(plan: KernelPlan): KernelPolicy {
    return new KernelPolicy(plan.policy, this.#nextHops, (name) => this.#state.linkNamed(name)?.index);
  }

  #decided(rib: Rib, id: PrefixId): void {
    if (this.#isKnown) this.#judge(wordsOfId(rib, id), this.#verdict(rib, id));
  }

  #decidedOf(prefix: Prefix): void {
    const rib = this.#speaker!.tables.ribs[familyOfOctets(prefix.address.length).index]!;
    const id = rib.prefixes.find(...addressWords(prefix.address), prefix.length);
    const own = this.#plan.ownRoutes.get(formatPrefix(prefix));
    this.#judge(wordsOf(rib.family.name, prefix),
      own === undefined ? this.#verdict(rib, id) : this.#policy.own(rib.family.name, own));
  }

  /** What is wanted for a prefix by its best path. */
  #judge(prefix: PrefixWords, verdict: KernelVerdict | undefined): void {
    if (!this.#ledger.want(prefix, verdict?.form, verdict?.why)) return;
    this.#convergence.changed();
    this.#goOn();
  }

  #verdict(rib: Rib, id: PrefixId): KernelVerdict | undefined {
    return verdictOf({ tables: this.#speaker!.tables, policy: this.#policy, reachability: this.reachability,
      ownRoutes: this.#plan.ownRoutes, ecmp: this.#means.settings.ecmp }, rib, id);
  }

  /** Reads the kernel as soon as nothing else is under way; not all the time, where it is a large one. */
  #read(): void {
    this.#wantsReading ||= this.#during !== undefined; // the one that is under way may be too early
    if (this.#wantsReading) return this.#goOn();
    const since = this.#means.now() - this.#readEndedAt;
    if (!this.#isUnsure && since < this.#pauseMilliseconds) {
      return this.#timers.set("read", (this.#pauseMilliseconds - since) / 1000, () => this.#read());
    }
    this.#wantsReading = true;
    this.#goOn();
  }

  #happened(event: KernelEvent): void {
    if (this.#isStopped) return;
    if (event.event === "lost") {
      this.#means.log.write("debug", "kernel-lost", { why: event.why });
      if (event.changes === true) {
        this.#isUnsure = true;
        this.#ledger.planAgain();
      }
      return this.#read();
    }
    this.#during?.push(event);
    this.#take(event);
  }

  /** `isAgain`: it was taken before, and of a prefix that was changed since nobody knows whether it is older. */
  #take(event: StateEvent, isAgain: boolean = false): void {
    if ((event.event === "route" || event.event === "routeGone") && event.route.table === this.#means.settings.table) {
      const { family, prefix } = event.route;
      if (!isAgain || !this.#ledger.isSpared(wordsOf(family, prefix))) this.#mending.suspect(this.#heard(event));
      if (this.#isOurs(event.route)) return;
    }
    for (const change of this.#state.apply(event)) this.#changed(change);
    const lost = this.#state.lostLink(event);
    if (lost !== undefined) this.#ledger.linkLost(lost);
    if (this.#ledger.isBusy) this.#goOn();
  }

  #heard(event: Extract<StateEvent, { readonly route: KernelRoute }>): Suspect | undefined {
    const isGone = event.event === "routeGone";
    const isBeside = !isGone && event.beside === true;
    if (this.#isOurs(event.route)) return this.#ledger.heard(event.route, isGone, isBeside);
    return isGone || isBeside ? undefined : this.#ledger.displaced(event.route);
  }

  #isOurs({ table, protocol }: KernelRoute): boolean {
    const { settings } = this.#means;
    return protocol === settings.protocol && table === settings.table;
  }

  /** The kernel's state changed, but for routes of ours. */
  #changed(event: StateEvent): void {
    const nextHops = this.#nextHops.apply(event);
    if (this.#isKnown) this.#reachedOtherwise(nextHops);
    const isTunnel = (event.event === "link" || event.event === "linkGone") && usesTunnel(this.#plan, event.link.name);
    if (isTunnel) this.#marker?.all();
    this.#learned?.apply(event);
    this.#retries.hasten();
  }

  #reachedOtherwise(nextHops: readonly Uint8Array[]): void {
    const { isWhole } = this.#nextHops;
    if (isWhole && nextHops.length === 0) return;
    if (isWhole) this.#marker?.nextHops(nextHops);
    else {
      this.#nextHops.forgetAll(); // nobody knows which ones it concerns
      this.#marker?.all();
    }
    this.reachability.changed();
    for (const { prefix } of this.#plan.ownRoutes.values()) this.#decidedOf(prefix); // a gateway may be among them
  }

  #goOn(): void {
    if (this.#isScheduled || this.#isStopped) return;
    this.#isScheduled = true;
    this.#means.soon(() => {
      this.#isScheduled = false;
      if (!this.#isStopped) this.#turn();
    });
  }

  #turn(): void {
    if (this.#kernel === undefined) return;
    if (this.#wantsReading && this.#during === undefined) {
      if (this.#calls === 0) this.#beginReading(this.#kernel);
      return;
    }
    if (!this.#isKnown || this.#isUnsure) return;
    if (!this.#ledger.isBusy) {
      if (this.#calls === 0) this.#onIdle?.();
      return;
    }
    const isMade = this.#ledger.makeRound(PACE.prefixesPerTurn);
    const changes = this.#calls < PACE.callsAhead ? this.#ledger.next(PACE.changesAtOnce) : undefined;
    if (changes !== undefined) {
      this.#calls++;
      this.#kernel.apply(changes, (failures) => this.#applied(changes, failures));
    }
    if (!isMade || (this.#calls < PACE.callsAhead && this.#ledger.isBusy)) this.#goOn();
  }

  #applied(changes: LedgerChanges, failures: readonly KernelFailure[]): void {
    this.#calls--;
    this.#ledger.taken(changes, failures);
    this.#retries.note(changes, failures);
    this.#goOn();
  }

  #beginReading(kernel: OpenKernel): void {
    this.#wantsReading = false;
    this.#during = [];
    this.#ledger.beginReading();
    const next = new KernelState();
    const began = this.#means.now();
    kernel.dump({
      link: (link) => void next.apply({ event: "link", link }),
      address: (address) => void next.apply({ event: "address", address }),
      route: (route) => {
        if (this.#isOurs(route)) this.#ledger.found(route);
        else next.addDumped(route);
      },
      end: (fault) => {
        this.#readEndedAt = this.#means.now();
        const took = fault === undefined ? this.#readEndedAt - began : 0;
        this.#pauseMilliseconds = Math.min(took * PAUSE_PER_READING, PAUSE_MILLISECONDS_MAX);
        this.#endReading(next, fault);
      },
    });
  }

  #endReading(next: KernelState, fault: string | undefined): void {
    const during = this.#during ?? [];
    this.#during = undefined;
    if (this.#isStopped) return;
    if (fault !== undefined) {
      this.#means.log.write("warn", "kernel-unread", { why: fault });
      if (!this.#isKnown) this.#why = fault;
      this.#timers.set("read", READ_AGAIN_SECONDS, () => this.#read());
    } else {
      const isAgain = this.#wantsReading;
      this.#wantsReading = false;
      this.#ledger.endReading();
      this.#isUnsure &&= isAgain;
      for (const change of this.#state.become(next)) this.#changed(change);
      this.#readAt = this.#means.wallMilliseconds();
      this.#timers.set("read", this.#means.settings.scanSeconds, () => this.#read());
      if (isAgain) this.#read();
      if (!this.#isKnown) this.#know();
    }
    for (const event of during) this.#take(event, true);
    this.#goOn();
  }

  /** The kernel was read for the first time: now it counts. */
  #know(): void {
    const { settings: { table, protocol }, log } = this.#means;
    const { stale } = this.#ledger.counts;
    this.#isKnown = true;
    this.#why = undefined;
    log.write("info", "kernel-read", { table, protocol, routes: stale });
    this.reachability.changed();
    this.#nextHops.lead(this.#plan.gateways);
    for (const { prefix } of this.#plan.ownRoutes.values()) this.#decidedOf(prefix);
    this.#learned?.become(this.#plan, this.#state);
    this.#marker?.all();
    this.#speaker?.restarts.kernelRead(stale > 0);
    this.#convergence.begin();
  }

  /** Routes of a run before stay until the neighbours had their say. */
  #converged(): void {
    const { stale } = this.#ledger.counts;
    this.#means.log.write("info", "kernel-converged", { removed: stale });
    this.#ledger.dropStale();
    this.#goOn();
  }

  /** Removes what is ours, and waits until that is done, or for too long. */
  #removeAll(): Promise<void> {
    this.#ledger.wantNothing();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.#timers.set("stop", STOP_SECONDS, resolve);
      this.#goOn();
    });
  }
}
