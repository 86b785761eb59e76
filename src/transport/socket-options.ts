/** Linux's socket options for RFC 2385 and RFC 5082 as octets. Rule: only values here; libc.ts makes the calls. */

import type { Prefix } from "../base/prefix.ts";

/** An option and what it is set to. */
export interface SocketOption {
  readonly level: number;
  readonly name: number;
  readonly value: Uint8Array;
}

/** Address families. */
export const AF_INET = 2;
/** The other one. */
export const AF_INET6 = 10;
/** The longest TCP-MD5 password in octets (TCP_MD5SIG_MAXKEYLEN). */
export const PASSWORD_OCTETS_MAX = 80;
/** Level of TCP's options. */
export const IPPROTO_TCP = 6;
/** What a listener kept of the first segment: its headers of IP and TCP. */
export const TCP_SAVED_SYN = 28;

const IPPROTO_IP = 0;
const IPPROTO_IPV6 = 41;
const TCP_MD5SIG_EXT = 32;
const TCP_MD5SIG_FLAG_PREFIX = 1;
const TCP_SAVE_SYN = 27;
const TTL_MAX = 255;

/** Offsets in struct tcp_md5sig (linux/tcp.h). */
const MD5SIG = { FLAGS: 128, PREFIX_LENGTH: 129, KEY_LENGTH: 130, KEY: 136, OCTETS: 216 } as const;

/** Octets of a family's addresses → its level and the names of its options. */
const OF_IP = {
  4: { family: AF_INET, addressAt: 4, level: IPPROTO_IP, ttl: 2, minTtl: 21 },
  16: { family: AF_INET6, addressAt: 8, level: IPPROTO_IPV6, ttl: 16, minTtl: 73 },
} as const;

function ipOf(octets: number): (typeof OF_IP)[4 | 16] {
  return OF_IP[octets === 16 ? 16 : 4];
}

/** The family of addresses of that many octets. */
export function familyOfAddress(octets: number): number {
  return ipOf(octets).family;
}

/** The password of segments from and to these addresses (RFC 2385); an empty one takes it back. */
export function passwordOption({ address, length }: Prefix, password: Uint8Array): SocketOption {
  const value = new Uint8Array(MD5SIG.OCTETS);
  const { family, addressAt } = ipOf(address.length);
  new Uint16Array(value.buffer)[0] = family; // of the machine's own order of octets, as the length
  value.set(address, addressAt);
  value[MD5SIG.FLAGS] = TCP_MD5SIG_FLAG_PREFIX;
  value[MD5SIG.PREFIX_LENGTH] = length;
  new Uint16Array(value.buffer)[MD5SIG.KEY_LENGTH / 2] = password.length;
  value.set(password, MD5SIG.KEY);
  return { level: IPPROTO_TCP, name: TCP_MD5SIG_EXT, value };
}

/** What leaves has the TTL that TTL security asks for (RFC 5082 §3). `octets`: of the family's addresses. */
export function sendTtlOption(octets: number): SocketOption {
  const { level, ttl: name } = ipOf(octets);
  return { level, name, value: intOf(TTL_MAX) };
}

/** What arrives with a lower TTL than from `hops` away is dropped (RFC 5082 §3). */
export function minTtlOption(octets: number, hops: number): SocketOption {
  const { level, minTtl: name } = ipOf(octets);
  return { level, name, value: intOf(minTtlOf(hops)) };
}

/** Makes a listener keep the first segment of each connection until it was asked for. */
export const SAVE_SYN: SocketOption = { level: IPPROTO_TCP, name: TCP_SAVE_SYN, value: intOf(1) };

/** The least TTL of what comes from at most so many hops away; Calico's counting: 1 is a neighbour on the link. */
export function minTtlOf(hops: number): number {
  return TTL_MAX + 1 - hops;
}

function intOf(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/** What a SYN tells of who sent it. */
export interface SynFacts {
  /** TTL or hop limit on arrival. */
  readonly ttl: number;
  /** It was signed, and as the kernel let it pass, with the right password. */
  readonly isSigned: boolean;
}

/** TCP options (RFC 9293 §3.2) that matter here: the two of one octet, and RFC 2385's. */
const OPTION = { END: 0, NOTHING: 1, MD5: 19 } as const;
const NEXT_HEADER_TCP = 6;

/** Reads what TCP_SAVED_SYN answers; undefined where that is not IP and TCP as expected. */
export function readSyn(headers: Uint8Array): SynFacts | undefined {
  const [first = 0] = headers;
  const isIpv6 = first >>> 4 === 6;
  if (isIpv6 ? headers[6] !== NEXT_HEADER_TCP : first >>> 4 !== 4) return undefined;
  const ttl = headers[isIpv6 ? 7 : 8];
  const tcpAt = isIpv6 ? 40 : (first & 15) * 4;
  const tcpOctets = ((headers[tcpAt + 12] ?? 0) >>> 4) * 4;
  if (ttl === undefined || tcpOctets < 20 || headers.length < tcpAt + tcpOctets) return undefined;
  return { ttl, isSigned: hasOption(headers.subarray(tcpAt + 20, tcpAt + tcpOctets), OPTION.MD5) };
}

function hasOption(options: Uint8Array, wanted: number): boolean {
  for (let at = 0; at < options.length;) {
    const kind = options[at];
    if (kind === wanted) return true;
    if (kind === OPTION.END) return false;
    at += kind === OPTION.NOTHING ? 1 : Math.max(options[at + 1] ?? 0, 2);
  }
  return false;
}
