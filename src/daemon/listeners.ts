/**
 * The listeners of a daemon. Rule: one that is there goes for good only for what takes its place; connections that were
 * accepted are nobody's business here.
 */

import type { ListenAddress } from "../config/intent.ts";
import type { Listener, ListenFault } from "../transport/listener.ts";

/** Opens one listener: transport/listener.ts in the daemon, a virtual one in the simulator. */
export type OpenListener = (where: ListenAddress) => Promise<Listener | ListenFault>;

/** What the system says where IPv6 is switched off. */
const NO_IPV6: readonly string[] = ["EAFNOSUPPORT", "EADDRNOTAVAIL"];
/** What it says where somebody else listens. */
const IN_USE = "EADDRINUSE";

/** Listeners that cannot be had. */
export interface ListenRefusal {
  /** One line for all. */
  readonly why: string;
  /** Somebody else has one of the ports. */
  readonly isTaken: boolean;
}

/** Where a daemon listens, in words of the log: "ADDRESS port PORT" of each. */
export function listeningText(addresses: readonly ListenAddress[]): string {
  return addresses.map(({ address, port }) => `${address} port ${port}`).join(", ");
}

/** All listeners by what was asked for. */
export class Listeners {
  readonly #open: OpenListener;
  readonly #warn: (why: string) => void;
  readonly #listeners = new Map<string, { readonly where: ListenAddress; readonly listener: Listener }>();

  /** What was warned of last: it is tried again with every change. */
  #warned: string | undefined = undefined;

  constructor(open: OpenListener, warn: (why: string) => void) {
    this.#open = open;
    this.#warn = warn;
  }

  /** Where connections are accepted; the system's choice where port 0 was asked for. */
  get addresses(): ListenAddress[] {
    return [...this.#listeners.values()].map(({ listener: { address, port } }) => ({ address, port }));
  }

  /** Makes them exactly `wanted`, or says in one line why that cannot be had; then they are as before. */
  async become(wanted: readonly ListenAddress[]): Promise<string | undefined> {
    const { missing, extra } = this.#compare(wanted);
    // A wildcard and an address on one port exclude each other: what is in the way goes first.
    const inTheWay = extra.filter((other) => missing.some((where) => sharesPort(where, other)));
    await this.#closeAll(inTheWay);
    const opened: ListenAddress[] = [];
    for (const where of missing) {
      const refused = await this.#add(where);
      if (refused === undefined) {
        opened.push(where);
        continue;
      }
      await this.#closeAll(opened);
      return linesOf([refused, ...await this.#addAll(inTheWay)]);
    }
    await this.#closeAll(extra);
    return undefined;
  }

  /**
   * Makes them `wanted` as far as that can be had, and says what cannot: it costs nothing but itself. While something
   * cannot, listeners that were there and are not in the way of others stay.
   */
  async approach(wanted: readonly ListenAddress[]): Promise<ListenRefusal | undefined> {
    const { missing, extra } = this.#compare(wanted);
    const refused: ListenFault[] = [];
    for (const where of missing) refused.push(...await this.#replace(extra, where));
    if (refused.length > 0) return { why: linesOf(refused), isTaken: refused.some(({ code }) => code === IN_USE) };
    await this.#closeAll(extra);
    return undefined;
  }

  async close(): Promise<void> {
    await this.#closeAll([...this.#listeners.values()].map(({ where }) => where));
  }

  #compare(wanted: readonly ListenAddress[]): Record<"missing" | "extra", ListenAddress[]> {
    const keep = new Set(wanted.map(keyOf));
    const there = [...this.#listeners.values()].map(({ where }) => where);
    return {
      missing: wanted.filter((where) => !this.#listeners.has(keyOf(where))),
      extra: there.filter((where) => !keep.has(keyOf(where))),
    };
  }

  /**
   * Opens one, if need be in the place of others on its port; they come back where that did not help. They are closed
   * for a port that is taken only: an address that nobody has is tried again and again.
   */
  async #replace(others: readonly ListenAddress[], where: ListenAddress): Promise<ListenFault[]> {
    const refused = await this.#add(where);
    const inTheWay = others.filter((other) => this.#listeners.has(keyOf(other)) && sharesPort(other, where));
    if (refused?.code !== IN_USE || inTheWay.length === 0) return refused === undefined ? [] : [refused];
    await this.#closeAll(inTheWay);
    const still = await this.#add(where);
    return still === undefined ? [] : [still, ...await this.#addAll(inTheWay)];
  }

  /** Opens them; answers why not, of those that could not be opened. */
  async #addAll(places: readonly ListenAddress[]): Promise<ListenFault[]> {
    const refused: ListenFault[] = [];
    for (const where of places) {
      const fault = await this.#add(where);
      if (fault !== undefined) refused.push(fault);
    }
    return refused;
  }

  async #add(where: ListenAddress): Promise<ListenFault | undefined> {
    const opened = await this.#open(where);
    if (!("code" in opened)) {
      this.#listeners.set(keyOf(where), { where, listener: opened });
      return undefined;
    }
    if (where.address !== "::" || !NO_IPV6.includes(opened.code) || this.#listeners.size === 0) return opened;
    if (opened.why !== this.#warned) this.#warn(`${opened.why}; IPv6 is off on this host, IPv4 goes on`);
    this.#warned = opened.why;
    return undefined;
  }

  async #closeAll(places: readonly ListenAddress[]): Promise<void> {
    const found = places.map(keyOf).map((key) => [key, this.#listeners.get(key)] as const);
    for (const [key] of found) this.#listeners.delete(key);
    await Promise.all(found.map(([, entry]) => entry?.listener.close()));
  }
}

function keyOf({ address, port }: ListenAddress): string {
  return `${address} ${port}`;
}

/** Of one family: a listener of IPv6 takes no connections of IPv4. */
function sharesPort(one: ListenAddress, other: ListenAddress): boolean {
  return one.port === other.port && one.port !== 0 && one.address.includes(":") === other.address.includes(":");
}

function linesOf(faults: readonly ListenFault[]): string {
  return faults.map(({ why }) => why).join("; ");
}
