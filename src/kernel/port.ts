/**
 * The kernel as the program sees it. Its owner drives the child processes that have the sockets; its twin in tests is a
 * kernel in memory (test/support/kernel/memory-kernel.ts). Both pass one suite (test/kernel/contract.ts).
 */

import type { KernelRoute, Link, LinkAddress } from "./route.ts";

/** Routes in order, each made when it is asked for; an array is one. */
export interface RouteList extends Iterable<KernelRoute> {
  readonly length: number;
  at(index: number): KernelRoute | undefined;
  /** Where it is known: whether the route at `index` differs from the one before it by its prefix's address alone. */
  isLikeBefore?(index: number): boolean;
  /** Writes that address; there is one with `isLikeBefore`. */
  putAddress?(index: number, octets: Uint8Array, at: number): void;
}

/**
 * What changes, each list in the order in which it is to be applied: all of `add` (most specific first), then all of
 * `replace`, then all of `remove` (least specific first). So every packet is forwarded at any moment as before the
 * change or as after it, never as by neither: a blackhole is not there before the pods in it, and not longer.
 */
export interface KernelChanges<List extends RouteList = readonly KernelRoute[]> {
  /** There is none of its key (else EEXIST: somebody else's is never overwritten). */
  readonly add: List;
  /** There is one of ours of its key; where it is gone, it is added. */
  readonly replace: List;
  /** Ours. The deletion names the protocol, so that another owner's route stays; one that is gone is no failure. */
  readonly remove: List;
}

/** The kinds of changes, in the order in which they are made. */
export const CHANGES = ["add", "replace", "remove"] as const;

/** How many there are. */
export function countChanges({ add, replace, remove }: KernelChanges<RouteList>): number {
  return add.length + replace.length + remove.length;
}

/** What a kernel refused. */
export interface KernelFailure {
  readonly route: KernelRoute;
  /** What was tried with it. */
  readonly change: keyof KernelChanges;
  /** Positive. */
  readonly errno: number;
  /** Such as ENETUNREACH. */
  readonly name: string;
  /** The kernel's own words where it has some (NLMSGERR_ATTR_MSG), else those of the number. */
  readonly text: string;
}

/** What is told while a kernel is read: links, addresses, then routes of all tables and protocols, then the end. */
export interface DumpListener {
  link(link: Link): void;
  address(address: LinkAddress): void;
  route(route: KernelRoute): void;
  /** `fault`: the reading failed, in words; what was told is not all. */
  end(fault?: string): void;
}

/** What happens in a kernel, whoever does it, ourselves too. */
export type KernelEvent =
  /** `beside`: there was one of its key already, which stays, unless the two become one (`joins`). */
  | { readonly event: "route"; readonly route: KernelRoute; readonly beside?: boolean }
  | { readonly event: "routeGone"; readonly route: KernelRoute }
  | { readonly event: "link"; readonly link: Link }
  | { readonly event: "linkGone"; readonly link: Link }
  | { readonly event: "address"; readonly address: LinkAddress }
  | { readonly event: "addressGone"; readonly address: LinkAddress }
  /**
   * Events were missed, or may have been: dump again. `changes`: nobody knows what became of changes whose `done` comes
   * next, and nothing is to be changed before that dump, as what follows may not stand without them.
   */
  | { readonly event: "lost"; readonly why: string; readonly changes?: boolean };

/**
 * A kernel. Calls are carried out in their order, but changes asked for after a dump may be made before its end;
 * every `done` and every `end` is called once, also after a stop.
 */
export interface KernelPort {
  /** Changes routes; then says what was refused. */
  apply(changes: KernelChanges<RouteList>, done: (failures: readonly KernelFailure[]) => void): void;
  /** Reads everything. */
  dump(listener: DumpListener): void;
  /** Tells what happens from now on; once. */
  follow(listener: (event: KernelEvent) => void): void;
  /** Lets go of the kernel; routes stay. */
  stop(stopped: () => void): void;
}

/** A kernel that is reached through processes of ours, and can say what is wrong with it. */
export interface KernelProcesses extends KernelPort {
  /** Why nothing can be written or followed now; undefined while all is well. */
  trouble(): string | undefined;
  /** Times that each process was started again. */
  restarts(): { readonly write: number; readonly follow: number };
}
