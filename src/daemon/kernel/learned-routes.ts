/**
 * What is learned from the kernel as routes of our own, with the preference of where it comes from: an address of this
 * host before all that others say, a route that somebody else wrote after it (calico.md 4.1).
 */

import { formatPrefix } from "../../base/prefix.ts";
import type { Prefix } from "../../base/prefix.ts";
import { sameValue } from "../../base/same.ts";
import { Learner, originated } from "../../kernel/learn.ts";
import type { LearnedChange, LearnedRoute } from "../../kernel/learn.ts";
import { KernelState } from "../../kernel/state.ts";
import type { StateEvent } from "../../kernel/state.ts";
import type { PeerId } from "../../rib/ids.ts";
import { announceOwn, withdrawOwn } from "../own-routes.ts";
import type { Speaker } from "../speaker.ts";
import type { KernelPlan } from "./kernel-plan.ts";

/** Before the decision's other stages: our own have 1, those of peers 0. */
const PREFERENCES = { direct: 2, alien: -1 } as const;
/**
 * Devices of tunnels: what leaves by them is another node's to announce. Calico's export filter leaves it out towards
 * nodes only (calico.md 4.5, steps 2 and 3).
 */
const TUNNELS = /^tunl0$|\.cali$|\.calico$/;

/** What the plan says of learning. */
type LearningPlan = Pick<KernelPlan, "learn" | "routePriority">;

/** The learned routes of a speaker. */
export class LearnedRoutes {
  readonly #speaker: Speaker;
  readonly #peers: Readonly<Record<LearnedRoute["source"], PeerId>>;
  #plan: LearningPlan | undefined;
  #learner: Learner | undefined;
  /** By prefix, what is announced. */
  readonly #announced = new Map<string, LearnedRoute>();

  constructor(speaker: Speaker) {
    this.#speaker = speaker;
    this.#peers = { direct: speaker.addOwnPeer(PREFERENCES.direct), alien: speaker.addOwnPeer(PREFERENCES.alien) };
  }

  /** Routes that are announced. */
  get count(): number {
    return this.#announced.size;
  }

  /** By other rules from now on, of all that a kernel has. */
  become({ learn, routePriority }: LearningPlan, state: KernelState): void {
    const plan = { learn, routePriority };
    if (sameValue(plan, this.#plan)) return;
    this.#plan = plan;
    for (const { prefix } of [...this.#announced.values()]) this.#set(prefix, undefined);
    this.#learner = learn === undefined ? undefined : new Learner(learn);
    for (const event of new KernelState().difference(state)) this.apply(event);
    this.#speaker.work.changed();
  }

  /** Takes a change of the kernel's state over. */
  apply(event: StateEvent): void {
    const changes = this.#learner?.apply(event) ?? [];
    for (const change of changes) this.#change(change);
    if (changes.length > 0) this.#speaker.work.changed();
  }

  #change({ prefix, now }: LearnedChange): void {
    const isOurs = now !== undefined && !now.interfaces.some((name) => TUNNELS.test(name));
    this.#set(prefix, isOurs ? now : undefined);
  }

  #set(prefix: Prefix, now: LearnedRoute | undefined): void {
    const { tables } = this.#speaker;
    const key = formatPrefix(prefix);
    const before = this.#announced.get(key);
    if (before !== undefined && before.source !== now?.source) withdrawOwn(tables, prefix, this.#peers[before.source]);
    if (now === undefined) {
      this.#announced.delete(key);
      return;
    }
    this.#announced.set(key, now);
    const priority = this.#plan!.routePriority[prefix.address.length === 4 ? 4 : 16];
    announceOwn(tables, originated(now, priority), this.#speaker.nowSeconds(), this.#peers[now.source]);
  }
}
