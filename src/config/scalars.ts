/** Kinds of single values: texts, numbers, addresses, prefixes, AS numbers, communities. */

import { formatAddress, isLinkLocal, parseAddress, parseIpv4 } from "../base/address.ts";
import { clearHostBits, formatPrefix, parsePrefix } from "../base/prefix.ts";
import type { Prefix } from "../base/prefix.ts";
import { quoted } from "./fault.ts";
import { expected, fault, shown } from "./kind.ts";
import type { At, Kind } from "./kind.ts";
import { nearest } from "./suggest.ts";

/** true or false. */
export const flag: Kind<boolean> = {
  schema: { type: "boolean" },
  read: (at) => (at.node.type === "boolean" ? at.node.value : expected(at, "true or false", "without quotes")),
};

/** A whole number from `min` to `max`; `unit` is part of the message. */
export function whole(min: number, max: number, unit = ""): Kind<number> {
  const range = `a whole number from ${min} to ${max}${unit === "" ? "" : ` (${unit})`}`;
  return {
    schema: { type: "integer", minimum: min, maximum: max },
    read(at) {
      const value = at.node.type === "number" ? at.node.value : Number.NaN;
      if (Number.isInteger(value) && value >= min && value <= max) return value;
      return expected(at, range, at.node.type === "string" ? "write the number without quotes" : "choose one in range");
    },
  };
}

/** A TCP port to dial: 1..65535. */
export const port: Kind<number> = whole(1, 65535);
/** A TCP port to listen on; 0 asks the system for a free one. */
export const listenPort: Kind<number> = whole(0, 65535);

/** HOLD TIME (RFC 4271 §4.2): 0, or at least 3 seconds. */
export const holdTime: Kind<number> = {
  schema: { type: "integer", minimum: 0, maximum: 65535, not: { enum: [1, 2] } },
  read(at) {
    const value = whole(0, 65535, "seconds").read(at);
    if (value !== 1 && value !== 2) return value;
    return fault(at, `a hold time of ${value} s is not allowed (RFC 4271 §4.2)`, "use 0 (off) or 3 to 65535");
  },
};

/** One of a few words, upper and lower case alike where `anyCase`. */
export function oneOf<W extends string>(words: readonly W[], anyCase = false): Kind<W> {
  const cased = (word: string): string => (anyCase ? word.toLowerCase() : word);
  return {
    schema: { enum: words },
    read(at) {
      const given = at.node.type === "string" ? at.node.value : undefined;
      const known = given === undefined ? undefined : words.find((word) => cased(word) === cased(given));
      if (known !== undefined) return known;
      const meant = given === undefined ? undefined : nearest(given, words);
      const todo = meant === undefined ? "choose one" : `did you mean "${meant}"?`;
      return expected(at, `one of ${words.join(", ")}`, todo);
    },
  };
}

/** A text of one line, `min` to `max` characters, without control characters. */
export function text(max: number, noun = "a text", min = 1): Kind<string> {
  return {
    schema: { type: "string", ...(min > 0 ? { minLength: min } : {}), maxLength: max },
    read(at) {
      if (at.node.type !== "string") return expected(at, noun, "write it in double quotes");
      const { value } = at.node;
      if (value.length < min) return fault(at, `${noun} is empty`, "write it, or leave the key out");
      if (value.length > max) return fault(at, `${noun} of ${value.length} characters`, `use at most ${max}`);
      if (/[\u0000-\u001f\u007f-\u009f]/.test(value)) return fault(at, `${noun} has control characters`, "remove them");
      return value;
    },
  };
}

/** A path of a file. */
export const path: Kind<string> = text(4096, "a path");

/** A neighbour's name: no white space, so that it is one word on a command line. */
export const neighborName: Kind<string> = {
  schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^\\S+$" },
  read(at) {
    const value = text(255, "a name").read(at);
    return value === undefined || /^\S+$/.test(value) ? value : fault(at, `white space in ${quoted(value)}`, 'use "_"');
  },
};

const AS_MAX = 0xffffffff;

/** An AS number: 1..4294967295, or a text "64512" or "hi.lo" (RFC 5396 asdot). AS 0 is never one (RFC 7607). */
export const asNumber: Kind<number> = {
  schema: {
    anyOf: [
      { type: "integer", minimum: 1, maximum: AS_MAX },
      { type: "string", pattern: "^(0|[1-9][0-9]*)(\\.(0|[1-9][0-9]*))?$" },
    ],
  },
  read(at) {
    const { node } = at;
    const value = node.type === "number" ? node.value : node.type === "string" ? parseAsNumber(node.value) : undefined;
    if (value === 0) return fault(at, "AS 0 is reserved (RFC 7607)", `use 1 to ${AS_MAX}`);
    if (value !== undefined && Number.isInteger(value) && value > 0 && value <= AS_MAX) return value;
    return expected(at, "an AS number", `use 1 to ${AS_MAX}, or "hi.lo" with both parts up to 65535`);
  },
};

/** The AS number of a text, decimal or "hi.lo" (RFC 5396 asdot); 0 is one here. Undefined where it is none. */
export function parseAsNumber(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length > 2 || !parts.every((part) => /^(0|[1-9][0-9]{0,9})$/.test(part))) return undefined;
  const [high = 0, low] = parts.map(Number);
  if (low === undefined) return high > AS_MAX ? undefined : high;
  return high > 0xffff || low > 0xffff ? undefined : high * 0x10000 + low;
}

/** A 32-bit identifier written as an IPv4 address: BGP Identifier, cluster id. Never 0.0.0.0 (RFC 6286 §2.1). */
export const identifier: Kind<number> = {
  schema: { type: "string", format: "ipv4" },
  read(at) {
    const value = at.node.type === "string" ? parseIpv4(at.node.value) : undefined;
    if (value === undefined) return expected(at, "an identifier", 'write it like an IPv4 address: "192.0.2.1"');
    return value === 0 ? fault(at, "0.0.0.0 is no identifier (RFC 6286)", "use an IPv4 address of this host") : value;
  },
};

/** Octets of an address of any family, without a zone. */
export const octets: Kind<Uint8Array> = {
  schema: { type: "string" },
  read: (at) => addressAt(at)?.octets,
};

/** An address to listen on or to serve from: wildcards are allowed. Canonical text. */
export const localAddress: Kind<string> = { schema: { type: "string" }, read: (at) => addressAt(at, true)?.text };

/** An address of one other host. Canonical text, with its zone where link-local. */
export const hostAddress: Kind<string> = {
  schema: { type: "string" },
  read(at) {
    const address = addressAt(at, true);
    if (address === undefined) return undefined;
    const why = noHost(address.octets);
    return why === undefined ? address.text : fault(at, `${address.text} is ${why}`, "give the address of one host");
  },
};

/** An address of so many octets as Calico's Node has it, with or without the length of its network, as written. */
export function nodeAddress(count: 4 | 16): Kind<string> {
  const [noun, example] = count === 4 ? ["an IPv4 address", "192.0.2.1/24"] : ["an IPv6 address", "2001:db8::1/64"];
  return {
    schema: { type: "string" },
    read(at) {
      const given = at.node.type === "string" ? at.node.value : "";
      const [address = "", length, more] = given.split("/");
      const bytes = parseAddress(address);
      const fits = length === undefined || (/^[0-9]{1,3}$/.test(length) && Number(length) <= count * 8);
      if (bytes?.length !== count || !fits || more !== undefined) {
        return expected(at, noun, `write it like "${example}"`);
      }
      const why = noHost(bytes);
      return why === undefined ? given : fault(at, `${address} is ${why}`, "give the address of one host");
    },
  };
}

/** Why octets cannot be the address of one host, or undefined. */
export function noHost(bytes: Uint8Array): string | undefined {
  if (bytes.every((octet) => octet === 0)) return "the wildcard";
  if (bytes.length === 4 && bytes[0] === 0) return "not a host's address";
  if (bytes.length === 4 ? bytes[0]! >= 224 && bytes[0]! < 240 : bytes[0] === 0xff) return "a multicast address";
  return bytes.length === 4 && bytes.every((octet) => octet === 255) ? "the broadcast address" : undefined;
}

function addressAt(at: At, zones = false): { octets: Uint8Array; text: string } | undefined {
  const given = at.node.type === "string" ? at.node.value : "";
  const [host, zone] = splitZone(given);
  const bytes = parseAddress(host);
  if (bytes === undefined) return expected(at, "an IP address", addressHint(at, given));
  const canonical = formatAddress(bytes);
  if (canonical.startsWith("::ffff:") && canonical.includes(".")) {
    return fault(at, `${canonical} is an IPv4 address in IPv6 clothes`, `write "${canonical.slice(7)}"`);
  }
  if (zone !== undefined && !zones) return fault(at, `a zone in ${quoted(given)}`, "remove it");
  if (!zones) return { octets: bytes, text: canonical };
  if (zone !== undefined && !isLinkLocal(bytes)) {
    return fault(at, `${canonical} is not link-local and has no zone`, `write "${canonical}"`);
  }
  if (zone === undefined && isLinkLocal(bytes)) {
    return fault(at, `${canonical} is link-local and lacks its interface`, `write "${canonical}%eth0" or the like`);
  }
  if (zone !== undefined && !/^[^\s/%]{1,15}$/.test(zone)) {
    return fault(at, `${quoted(zone)} is not the name of an interface`, 'write "fe80::1%eth0" or the like');
  }
  return { octets: bytes, text: zone === undefined ? canonical : `${canonical}%${zone}` };
}

function splitZone(given: string): [host: string, zone: string | undefined] {
  const percent = given.indexOf("%");
  return percent < 0 ? [given, undefined] : [given.slice(0, percent), given.slice(percent + 1)];
}

function addressHint(at: At, given: string): string {
  if (at.node.type !== "string") return 'write it in double quotes, like "192.0.2.1"';
  if (parsePrefix(given) !== undefined) return 'an address has no length; a neighbour for a whole network has "range"';
  if (/^[0-9.]+:[0-9]+$|^\[/.test(given)) return 'the port goes into "port"';
  return 'write it like "192.0.2.1" or "2001:db8::1"; host names are not looked up';
}

/** A prefix without bits past its length. */
export const prefix: Kind<Prefix> = {
  schema: { type: "string", pattern: "^[0-9A-Fa-f.:]+/[0-9]{1,3}$" },
  read(at) {
    const given = at.node.type === "string" ? at.node.value : "";
    const found = given.includes("/") ? parsePrefix(given) : undefined;
    if (found !== undefined) return found;
    const meant = withoutHostBits(given);
    if (meant === undefined) return expected(at, "a prefix", 'write it like "10.0.0.0/26" or "2001:db8::/64"');
    if (!given.includes("/")) return fault(at, `${quoted(given)} has no length`, `write "${meant}"`);
    return fault(at, `${quoted(given)} has bits set past its length`, `did you mean "${meant}"?`);
  },
};

/** What a prefix without a length, or with bits past it, was meant to be; undefined where that cannot be known. */
export function withoutHostBits(given: string): string | undefined {
  const [host = "", length] = given.split("/");
  const address = parseAddress(host);
  if (address === undefined) return undefined;
  const bits = length === undefined ? address.length * 8 : /^[0-9]{1,3}$/.test(length) ? Number(length) : 129;
  if (bits > address.length * 8) return undefined;
  clearHostBits(address, bits);
  return formatPrefix({ address, length: bits });
}

/** Well-known communities by name (RFC 1997, RFC 3765, RFC 7999, RFC 8326). */
export const WELL_KNOWN_COMMUNITIES: ReadonlyMap<string, number> = new Map([
  ["graceful-shutdown", 0xffff0000],
  ["blackhole", 0xffff029a],
  ["no-export", 0xffffff01],
  ["no-advertise", 0xffffff02],
  ["no-export-subconfed", 0xffffff03],
  ["no-peer", 0xffffff04],
]);

/** A community (RFC 1997) as an unsigned 32-bit number: "64512:100" or a well-known name. */
export const community: Kind<number> = {
  schema: { type: "string", anyOf: [{ pattern: "^[0-9]+:[0-9]+$" }, { enum: [...WELL_KNOWN_COMMUNITIES.keys()] }] },
  read(at) {
    const given = at.node.type === "string" ? at.node.value : "";
    const known = WELL_KNOWN_COMMUNITIES.get(given);
    if (known !== undefined) return known;
    const [high = 0, low = 0, ...more] = numbersOf(given) ?? [Infinity];
    if (given.includes(":") && more.length === 0 && high <= 0xffff && low <= 0xffff) return high * 0x10000 + low;
    return expected(at, "a community", 'write "aa:nn" with both up to 65535, or a name such as "no-export"');
  },
};

/** A large community (RFC 8092): "64512:1:2". */
export const largeCommunity: Kind<readonly [number, number, number]> = {
  schema: { type: "string", pattern: "^[0-9]+:[0-9]+:[0-9]+$" },
  read(at) {
    const [a, b, c, ...more] = at.node.type === "string" ? (numbersOf(at.node.value) ?? []) : [];
    if (a !== undefined && b !== undefined && c !== undefined && more.length === 0) return [a, b, c];
    return expected(at, "a large community", 'write "aa:nn:mm" with each up to 4294967295');
  },
};

/** A community of a filter rule, as its numbers: `aa:nn` or `aa:nn:mm` (calico's BGPFilter). */
export const anyCommunity: Kind<readonly number[]> = {
  schema: { type: "string", pattern: "^[0-9]+:[0-9]+(:[0-9]+)?$" },
  read(at) {
    const parts = at.node.type === "string" ? parseCommunity(at.node.value) : undefined;
    return parts ?? expected(at, "a community", 'write "aa:nn" (both up to 65535) or "aa:nn:mm"');
  },
};

/** The numbers of a community, `aa:nn` (RFC 1997) or `aa:nn:mm` (RFC 8092). Undefined where it is none. */
export function parseCommunity(text: string): readonly number[] | undefined {
  const parts = numbersOf(text);
  return parts?.length === 3 || (parts?.length === 2 && parts.every((part) => part <= 0xffff)) ? parts : undefined;
}

function numbersOf(given: string): number[] | undefined {
  const parts = given.split(":");
  if (!parts.every((part) => /^(0|[1-9][0-9]{0,9})$/.test(part))) return undefined;
  const numbers = parts.map(Number);
  return numbers.every((value) => value <= 0xffffffff) ? numbers : undefined;
}

/** A whole number, or the word "all" for no bound. */
export const countOrAll: Kind<number> = {
  schema: { anyOf: [{ type: "integer", minimum: 1 }, { const: "all" }] },
  read(at) {
    if (at.node.type === "string" && at.node.value === "all") return Infinity;
    const value = at.node.type === "number" ? at.node.value : 0;
    if (Number.isSafeInteger(value) && value >= 1) return value;
    return fault(at, `expected a count of paths, found ${shown(at.node)}`, 'write a whole number from 1, or "all"');
  },
};
