/**
 * Passwords and TTL security where this process has no call for them, but whoever opened the inherited listeners has
 * set them there and says so. Rules: only what was vouched for counts, and only on those listeners; we never dial, as
 * a socket of our own could not be as demanded.
 */

import type { Server, Socket } from "node:net";
import { covers, formatPrefix, parsePrefix } from "../base/prefix.ts";
import type { Prefix } from "../base/prefix.ts";
import type { InheritedListeners } from "./inherited.ts";
import type { DialTarget, SocketDemands } from "./ports.ts";
import { nodeNetProvider } from "./provider.ts";
import type { SocketProvider } from "./provider.ts";

/** What is said of the inherited listeners. */
export interface Vouched {
  /** Whoever connects from there is let in with the right password only. */
  readonly passwords: readonly Prefix[];
  /** Nobody is let in from further away. */
  readonly ttlSecurityHops: number | undefined;
}

/** The variables that it is said with. */
export const VOUCHED = { passwords: "REFLECTD_LISTEN_PASSWORDS", hops: "REFLECTD_LISTEN_TTL_HOPS" } as const;

const HOPS_MAX = 254;

/** What the environment vouches for, undefined where nothing; a text instead where it cannot be understood. */
export function vouchedBy(env: Readonly<Record<string, string | undefined>>): Vouched | string | undefined {
  const networks = env[VOUCHED.passwords] ?? "";
  const hops = env[VOUCHED.hops] ?? "";
  if (networks === "" && hops === "") return undefined;
  const passwords: Prefix[] = [];
  for (const text of networks.split(",").filter((one) => one !== "")) {
    const prefix = parsePrefix(text);
    if (prefix === undefined) return `${VOUCHED.passwords}: ${text} is no network (write 10.0.0.0/8,2001:db8::/32)`;
    passwords.push(prefix);
  }
  if (hops === "") return { passwords, ttlSecurityHops: undefined };
  const isNumber = /^[1-9][0-9]{0,2}$/.test(hops) && Number(hops) <= HOPS_MAX;
  return isNumber ? { passwords, ttlSecurityHops: Number(hops) }
    : `${VOUCHED.hops}: ${hops} is no number of hops (write 1 to ${HOPS_MAX})`;
}

/** The provider. */
export class VouchedProvider implements SocketProvider {
  readonly #vouched: Vouched;
  readonly #inherited: Pick<InheritedListeners, "has">;
  readonly #places = new Map<string, Prefix>();

  constructor(vouched: Vouched, inherited: Pick<InheritedListeners, "has">) {
    this.#vouched = vouched;
    this.#inherited = inherited;
  }

  claim(name: string, from: Prefix): void {
    this.#places.set(name, from);
  }

  release(name: string): void {
    this.#places.delete(name);
  }

  refuses(name: string, { password, ttlSecurityHops }: SocketDemands): string | undefined {
    const from = this.#places.get(name);
    const { passwords, ttlSecurityHops: hops } = this.#vouched;
    const isKnown = from !== undefined && passwords.some((network) => covers(network, from));
    if (password !== undefined && !isKnown) {
      const where = from === undefined ? "it" : formatPrefix(from);
      return `waits for a TCP-MD5 password on the inherited listener: ${VOUCHED.passwords} does not name ${where}`;
    }
    if (ttlSecurityHops === undefined || (hops !== undefined && hops <= ttlSecurityHops)) return undefined;
    return `waits for TTL security on the inherited listener: ${VOUCHED.hops} is ${hops ?? "not set"}`;
  }

  dials(): boolean {
    return false;
  }

  dial(target: DialTarget): Socket {
    if (target.demands !== undefined) throw new Error("the peer has to dial");
    return nodeNetProvider.dial(target);
  }

  opened(): void {
    // it was, by somebody else; one of our own lets nobody in who is asked for something
  }

  refusesAccepted(_socket: Socket, _demands: SocketDemands, server: Server): string | undefined {
    return this.#inherited.has(server) ? undefined : "it came by a listener that asks for nothing";
  }
}
