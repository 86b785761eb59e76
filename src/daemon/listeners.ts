/**
 * The listeners of a daemon. Rule: a change that cannot be had as a whole leaves what was there; connections that were
 * accepted are nobody's business here.
 */

import type { ListenAddress } from "../config/intent.ts";
import type { Listener, ListenFault } from "../transport/listener.ts";

/** Opens one listener: transport/listener.ts in the daemon, a virtual one in the simulator. */
export type OpenListener = (where: ListenAddress) => Promise<Listener | ListenFault>;

/** What the system says where IPv6 is switched off. */
const NO_IPV6: readonly string[] = ["EAFNOSUPPORT", "EADDRNOTAVAIL"];

/** All listeners by what was asked for. */
export class Listeners {
  readonly #open: OpenListener;
  readonly #warn: (why: string) => void;
  readonly #listeners = new Map<string, { readonly where: ListenAddress; readonly listener: Listener }>();

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
    const missing = wanted.filter((where) => !this.#listeners.has(keyOf(where)));
    const keep = new Set(wanted.map(keyOf));
    const extra = [...this.#listeners.values()].map(({ where }) => where).filter((where) => !keep.has(keyOf(where)));
    // A wildcard and an address on one port exclude each other: what is in the way goes first.
    const inTheWay = extra.filter(({ port }) => missing.some((where) => where.port === port && port !== 0));
    await this.#closeAll(inTheWay);
    const opened: ListenAddress[] = [];
    for (const where of missing) {
      const refused = await this.#add(where);
      if (refused === undefined) {
        opened.push(where);
        continue;
      }
      await this.#closeAll(opened);
      for (const before of inTheWay) await this.#add(before);
      return refused;
    }
    await this.#closeAll(extra);
    return undefined;
  }

  async close(): Promise<void> {
    await this.#closeAll([...this.#listeners.values()].map(({ where }) => where));
  }

  async #add(where: ListenAddress): Promise<string | undefined> {
    const opened = await this.#open(where);
    if (!("code" in opened)) {
      this.#listeners.set(keyOf(where), { where, listener: opened });
      return undefined;
    }
    if (where.address !== "::" || !NO_IPV6.includes(opened.code) || this.#listeners.size === 0) return opened.why;
    this.#warn(`${opened.why}; IPv6 is off on this host, IPv4 goes on`);
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
