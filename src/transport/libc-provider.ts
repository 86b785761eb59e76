/**
 * Sockets with TCP-MD5 (RFC 2385) and TTL security (RFC 5082), where the system's calls can be had. Rules: a listener
 * that could not be given a neighbour's password is not opened, a neighbour whose password could not be given to an
 * open one waits; of a connection that was accepted its own SYN proves that it was asked for what it should be.
 */

import { Socket } from "node:net";
import type { Server } from "node:net";
import { parseAddress } from "../base/address.ts";
import { EMPTY } from "../base/bytes.ts";
import { formatPrefix } from "../base/prefix.ts";
import type { Prefix } from "../base/prefix.ts";
import type { Libc } from "./libc.ts";
import type { DialTarget, SocketDemands } from "./ports.ts";
import { nodeNetProvider } from "./provider.ts";
import type { SocketProvider } from "./provider.ts";
import { HALF_OPEN } from "./socket.ts";
import {
  familyOfAddress, IPPROTO_TCP, minTtlOf, minTtlOption, PASSWORD_OCTETS_MAX, passwordOption, readSyn, SAVE_SYN,
  sendTtlOption, TCP_SAVED_SYN,
} from "./socket-options.ts";
import type { SocketOption } from "./socket-options.ts";

/** What one neighbour or range asks of listeners. */
interface Claim {
  readonly name: string;
  readonly from: Prefix;
  readonly demands: SocketDemands;
  /** Why it cannot be asked, or undefined. */
  trouble: string | undefined;
}

/** Octets of the longest headers of a SYN: IPv6 and a TCP header with all options. */
const SYN_OCTETS_MAX = 100;

/** Sockets with options. */
export class LibcProvider implements SocketProvider {
  readonly #libc: Libc;
  readonly #servers = new Set<Server>();
  readonly #claims = new Map<string, Claim>();
  /** Who has a password for which addresses: of several the first is in force. */
  readonly #passwords = new Map<string, Claim[]>();
  /** Octets of the addresses of families in which somebody wants TTL security. */
  readonly #withTtl = new Set<number>();

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  claim(name: string, from: Prefix, demands: SocketDemands): void {
    this.release(name);
    const claim: Claim = { name, from, demands, trouble: undefined };
    this.#claims.set(name, claim);
    if (demands.ttlSecurityHops !== undefined) claim.trouble = this.#sendFullTtl(from.address.length);
    if (demands.password !== undefined) claim.trouble ??= this.#addPassword(claim, demands.password);
  }

  release(name: string): void {
    const claim = this.#claims.get(name);
    if (claim === undefined) return;
    this.#claims.delete(name);
    const place = formatPrefix(claim.from);
    const before = this.#passwords.get(place) ?? [];
    const left = before.filter((other) => other !== claim);
    if (left.length === 0) this.#passwords.delete(place);
    else this.#passwords.set(place, left);
    if (before[0] !== claim) return;
    const [next] = left;
    // Where taking it back fails, whoever comes from there is refused by the kernel: nothing is let in by it.
    if (next === undefined) this.#toServers(claim.from.address.length, passwordOption(claim.from, EMPTY));
    else next.trouble = this.#givePassword(next);
  }

  refuses(name: string, { password }: SocketDemands): string | undefined {
    const octets = password === undefined ? undefined : octetsOf(password).length;
    if (octets === 0) return "waits for a password: the one that it has is empty";
    if (octets !== undefined && octets > PASSWORD_OCTETS_MAX) {
      return `waits for a password of ${PASSWORD_OCTETS_MAX} octets at most (RFC 2385 as Linux has it)`;
    }
    return this.#claims.get(name)?.trouble;
  }

  dial(target: DialTarget): Socket {
    const { address, port, localAddress, demands } = target;
    if (demands === undefined) return nodeNetProvider.dial(target);
    const octets = withoutZone(address);
    const fd = octets === undefined ? "EINVAL" : this.#libc.socket(familyOfAddress(octets.length));
    if (octets === undefined || typeof fd === "string") throw new Error(`no socket to ${address}: ${fd}`);
    for (const option of dialOptions(octets, demands)) {
      const trouble = this.#set(fd, option);
      if (trouble === undefined) continue;
      this.#libc.close(fd);
      throw new Error(trouble);
    }
    const socket = new Socket({ fd, allowHalfOpen: HALF_OPEN, readable: true, writable: true });
    return socket.connect({ host: address, port, ...(localAddress === undefined ? {} : { localAddress }) });
  }

  opened(server: Server): string | undefined {
    const octets = octetsOfFamily(server);
    const keys = [...this.#passwords.values()].flatMap(([claim]) => (claim === undefined ? [] : [claim]))
      .filter(({ from, trouble }) => from.address.length === octets && trouble === undefined).map(passwordOf);
    const options = [SAVE_SYN, ...(this.#withTtl.has(octets) ? [sendTtlOption(octets)] : []), ...keys];
    for (const option of options) {
      const trouble = this.#set(descriptorOf(server), option);
      if (trouble !== undefined) return trouble;
    }
    this.#servers.add(server);
    server.once("close", () => this.#servers.delete(server));
    return undefined;
  }

  refusesAccepted(socket: Socket, { password, ttlSecurityHops }: SocketDemands): string | undefined {
    const fd = descriptorOf(socket);
    const saved = this.#libc.getOption(fd, IPPROTO_TCP, TCP_SAVED_SYN, SYN_OCTETS_MAX);
    const syn = typeof saved === "string" ? undefined : readSyn(saved);
    if (syn === undefined) return "nothing tells how it was opened";
    if (password !== undefined && !syn.isSigned) return "it was opened before there was a password";
    if (ttlSecurityHops === undefined) return undefined;
    const least = minTtlOf(ttlSecurityHops);
    if (syn.ttl < least) return `TTL ${syn.ttl} is less than ${least}: it is further away than ${ttlSecurityHops} hops`;
    const octets = socket.remoteFamily === "IPv6" ? 16 : 4;
    return this.#set(fd, sendTtlOption(octets)) ?? this.#set(fd, minTtlOption(octets, ttlSecurityHops));
  }

  #addPassword(claim: Claim, password: string): string | undefined {
    const place = formatPrefix(claim.from);
    const there = this.#passwords.get(place) ?? [];
    this.#passwords.set(place, [...there, claim]);
    const [first] = there;
    if (first === undefined) return this.#givePassword(claim);
    return first.demands.password === password ? first.trouble
      : `waits: neighbour ${first.name} has another password for ${place}, and a listener takes one`;
  }

  #givePassword(claim: Claim): string | undefined {
    return this.#toServers(claim.from.address.length, passwordOf(claim));
  }

  #sendFullTtl(octets: number): string | undefined {
    this.#withTtl.add(octets);
    return this.#toServers(octets, sendTtlOption(octets));
  }

  #toServers(octets: number, option: SocketOption): string | undefined {
    for (const server of this.#servers) {
      const trouble = octetsOfFamily(server) === octets ? this.#set(descriptorOf(server), option) : undefined;
      if (trouble !== undefined) return trouble;
    }
    return undefined;
  }

  #set(fd: number, { level, name, value }: SocketOption): string | undefined {
    const code = this.#libc.setOption(fd, level, name, value);
    if (code === undefined) return undefined;
    return `waits: the kernel refused an option of its sockets: ${TROUBLE[code] ?? code}`;
  }
}

const TROUBLE: Readonly<Record<string, string>> = {
  ENOMEM: "no room for another password; raise net.core.optmem_max",
  ENOPROTOOPT: "it is built without TCP-MD5 (CONFIG_TCP_MD5SIG)",
};

function passwordOf({ from, demands: { password = "" } }: Claim): SocketOption {
  return passwordOption(from, octetsOf(password));
}

function dialOptions(address: Uint8Array, { password, ttlSecurityHops }: SocketDemands): readonly SocketOption[] {
  const octets = address.length;
  return [
    ...(password === undefined ? [] : [passwordOption({ address, length: octets * 8 }, octetsOf(password))]),
    ...(ttlSecurityHops === undefined ? [] : [sendTtlOption(octets), minTtlOption(octets, ttlSecurityHops)]),
  ];
}

function octetsOf(password: string): Uint8Array {
  return new TextEncoder().encode(password);
}

function withoutZone(address: string): Uint8Array | undefined {
  return parseAddress(address.replace(/%.*$/, ""));
}

function octetsOfFamily(server: Server): number {
  const bound = server.address();
  return typeof bound === "object" && bound?.family === "IPv6" ? 16 : 4;
}

/**
 * The descriptor of a socket. Node keeps it under a name that it does not document, for as long as there is Node.
 * Should that go, -1 is a descriptor that every call refuses: whoever demands something waits.
 */
function descriptorOf(owner: Socket | Server): number {
  const { _handle: handle } = owner as unknown as { readonly _handle?: { readonly fd?: unknown } | null };
  return typeof handle?.fd === "number" ? handle.fd : -1;
}
