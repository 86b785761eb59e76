/**
 * Sockets with TCP-MD5 (RFC 2385) and TTL security (RFC 5082), where the system's calls can be had. Rules: a neighbour
 * whose demands a listener cannot be made to ask for waits, and no listener waits for a neighbour; of a connection that
 * was accepted its own SYN proves that it was asked for what it should be.
 */

import { Socket } from "node:net";
import type { Server } from "node:net";
import { EMPTY } from "../base/bytes.ts";
import { formatPrefix, hostPrefix } from "../base/prefix.ts";
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
  /** Why a listener cannot ask for it, or undefined. */
  trouble: string | undefined;
}

/** Octets of the longest headers of a SYN: IPv6 and a TCP header with all options. */
const SYN_OCTETS_MAX = 100;

/** Sockets with options. */
export class LibcProvider implements SocketProvider {
  readonly #libc: Libc;
  /** Octets of the addresses of each server's family. */
  readonly #servers = new Map<Server, number>();
  readonly #claims = new Map<string, Claim>();
  /** Who has a password for which addresses: of several the first is in force. */
  readonly #passwords = new Map<string, readonly Claim[]>();

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  claim(name: string, from: Prefix, demands: SocketDemands): void {
    this.release(name);
    const claim: Claim = { name, from, demands, trouble: undefined };
    this.#claims.set(name, claim);
    const place = formatPrefix(from);
    const isPassword = demands.password !== undefined && whyNoPassword(demands.password) === undefined;
    if (isPassword) this.#passwords.set(place, [...this.#passwords.get(place) ?? [], claim]);
    claim.trouble = this.#askAll(claim);
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
    if (next !== undefined) {
      next.trouble = this.#askAll(next);
      return;
    }
    // Where taking it back fails, whoever comes from there is refused by the kernel: nothing is let in by it.
    const none = passwordOption(claim.from, EMPTY);
    for (const server of this.#serversOf(claim.from)) this.#set(descriptorOf(server), none);
  }

  refuses(name: string, { password }: SocketDemands): string | undefined {
    const claim = this.#claims.get(name);
    return (password === undefined ? undefined : whyNoPassword(password)) ?? (claim && this.#troubleOf(claim));
  }

  dials(): boolean {
    return true;
  }

  dial(target: DialTarget): Socket {
    const { address, port, localAddress, demands } = target;
    if (demands === undefined) return nodeNetProvider.dial(target);
    const host = hostPrefix(address);
    const fd = host === undefined ? "EINVAL" : this.#libc.socket(familyOfAddress(host.address.length));
    if (host === undefined || typeof fd === "string") throw new Error(`no socket to ${address}: ${fd}`);
    for (const option of dialOptions(host, demands)) {
      const trouble = this.#set(fd, option);
      if (trouble === undefined) continue;
      this.#libc.close(fd);
      throw new Error(trouble);
    }
    const socket = new Socket({ fd, allowHalfOpen: HALF_OPEN, readable: true, writable: true });
    return socket.connect({ host: address, port, ...(localAddress === undefined ? {} : { localAddress }) });
  }

  opened(server: Server): void {
    const octets = octetsOfFamily(server);
    this.#servers.set(server, octets);
    for (const claim of this.#claims.values()) {
      if (claim.from.address.length === octets) claim.trouble ??= this.#ask(server, claim);
    }
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

  /** Whoever has the password that is in force has its troubles, too; whoever has another waits. */
  #troubleOf(claim: Claim): string | undefined {
    const place = formatPrefix(claim.from);
    const { password } = claim.demands;
    const [first = claim] = password === undefined ? [] : this.#passwords.get(place) ?? [];
    if (first.demands.password === password) return claim.trouble ?? first.trouble;
    return `waits: neighbour ${first.name} has another password for ${place}, and a listener takes one`;
  }

  /** Has all listeners ask for what a neighbour demands; why one of them cannot. */
  #askAll(claim: Claim): string | undefined {
    let trouble: string | undefined;
    for (const server of this.#serversOf(claim.from)) trouble ??= this.#ask(server, claim);
    return trouble;
  }

  #ask(server: Server, claim: Claim): string | undefined {
    let trouble: string | undefined;
    for (const option of this.#optionsOf(claim)) trouble ??= this.#set(descriptorOf(server), option);
    return trouble;
  }

  #optionsOf(claim: Claim): readonly SocketOption[] {
    const { from, demands: { password = "", ttlSecurityHops } } = claim;
    const isInForce = this.#passwords.get(formatPrefix(from))?.[0] === claim;
    return [
      SAVE_SYN, ...(ttlSecurityHops === undefined ? [] : [sendTtlOption(from.address.length)]),
      ...(isInForce ? [passwordOption(from, octetsOf(password))] : []),
    ];
  }

  /** The servers of a family. One that was closed says so only when the last connection that it accepted has ended. */
  #serversOf({ address }: Prefix): Server[] {
    for (const server of this.#servers.keys()) if (!server.listening) this.#servers.delete(server);
    return [...this.#servers].flatMap(([server, octets]) => (octets === address.length ? [server] : []));
  }

  #set(fd: number, { level, name, value }: SocketOption): string | undefined {
    const code = this.#libc.setOption(fd, level, name, value);
    if (code === undefined) return undefined;
    return `waits: the kernel refused an option of its sockets: ${TROUBLE[code] ?? code}`;
  }
}

const TROUBLE: Readonly<Record<string, string>> = {
  ENOMEM: "no room for another password; raise net.core.optmem_max, then reset this neighbour",
  ENOPROTOOPT: "it is built without TCP-MD5 (CONFIG_TCP_MD5SIG)",
};

/** Why that is none; undefined where it is one. */
function whyNoPassword(password: string): string | undefined {
  const octets = octetsOf(password).length;
  if (octets === 0) return "waits for a password: the one that it has is empty";
  return octets <= PASSWORD_OCTETS_MAX ? undefined
    : `waits for a password of ${PASSWORD_OCTETS_MAX} octets at most (RFC 2385 as Linux has it)`;
}

function dialOptions(host: Prefix, { password, ttlSecurityHops }: SocketDemands): readonly SocketOption[] {
  const octets = host.address.length;
  return [
    ...(password === undefined ? [] : [passwordOption(host, octetsOf(password))]),
    ...(ttlSecurityHops === undefined ? [] : [sendTtlOption(octets), minTtlOption(octets, ttlSecurityHops)]),
  ];
}

function octetsOf(password: string): Uint8Array {
  return new TextEncoder().encode(password);
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
