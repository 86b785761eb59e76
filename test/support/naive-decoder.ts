/**
 * A second decoder of UPDATE, written from the RFCs and from nothing in src: DataView, strings, lists, no thought of
 * speed. It is the oracle that the real one is compared with, whatever the octets.
 */

/** What the naive decoder must be told. */
export interface NaiveContext {
  readonly ebgp: boolean;
  readonly fourOctetAs: boolean;
  readonly addPath: readonly string[];
}

/** What it says of an UPDATE. */
export interface NaiveUpdate {
  disposition: "ok" | "discard" | "withdraw" | "reset";
  announced: Record<string, unknown>[];
  withdrawn: Record<string, unknown>[];
  attributes: Record<string, unknown>;
}

const RANK = ["ok", "discard", "withdraw", "reset"] as const;
type Rank = (typeof RANK)[number];
interface Attribute { readonly flags: number; readonly type: number; readonly value: DataView }

const octetsOf = (view: DataView): number[] => Array.from({ length: view.byteLength }, (_, i) => view.getUint8(i));
const hexOf = (view: DataView): string => octetsOf(view).map((o) => o.toString(16).padStart(2, "0")).join("");
const part = (view: DataView, at: number, length: number): DataView => (
  new DataView(view.buffer, view.byteOffset + at, length)
);
const quad = (view: DataView, at: number): string => octetsOf(part(view, at, 4)).join(".");

/** RFC 5952 by way of the URL parser, which nothing in src uses. */
function ipv6Text(octets: readonly number[]): string {
  const words = Array.from({ length: 8 }, (_, i) => ((octets[2 * i]! << 8) | octets[2 * i + 1]!).toString(16));
  const text = new URL(`http://[${words.join(":")}]/`).hostname.slice(1, -1);
  const mapped = words.slice(0, 5).every((w) => w === "0") && words[5] === "ffff";
  return mapped ? `::ffff:${octets.slice(12).join(".")}` : text;
}

/** Decodes one whole UPDATE, header included. */
export function naiveUpdate(message: Uint8Array, context: NaiveContext): NaiveUpdate {
  const result: NaiveUpdate = { disposition: "ok", announced: [], withdrawn: [], attributes: {} };
  const worsen = (rank: Rank): void => {
    if (RANK.indexOf(rank) > RANK.indexOf(result.disposition)) result.disposition = rank;
  };
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const withdrawnLength = view.getUint16(19);
  if (23 + withdrawnLength > view.byteLength) return { ...result, disposition: "reset" };
  const attributesLength = view.getUint16(21 + withdrawnLength);
  if (23 + withdrawnLength + attributesLength > view.byteLength) return { ...result, disposition: "reset" };
  const attributesAt = 23 + withdrawnLength;
  const nlriAt = attributesAt + attributesLength;
  const withdrawn = part(view, 21, withdrawnLength);
  const nlri = part(view, nlriAt, view.byteLength - nlriAt);

  const seen = new Map<number, Attribute>();
  const good = new Map<number, Attribute>();
  let damaged: Rank = "ok";
  const judge = (rank: Rank): void => {
    worsen(rank);
    if (RANK.indexOf(rank) > RANK.indexOf(damaged)) damaged = rank;
  };
  let rest = part(view, attributesAt, attributesLength);
  while (rest.byteLength > 0) {
    const attribute = firstAttribute(rest);
    if (attribute === undefined) {
      const type = rest.byteLength > 1 ? rest.getUint8(1) : -1;
      judge(type === 14 || type === 15 ? "reset" : "withdraw");
      if (!seen.has(type)) seen.set(type, { flags: 0, type, value: rest });
      break;
    }
    const head = attribute.flags & 0x10 ? 4 : 3;
    rest = part(rest, head + attribute.value.byteLength, rest.byteLength - head - attribute.value.byteLength);
    if (seen.has(attribute.type)) {
      judge(attribute.type === 14 || attribute.type === 15 ? "reset" : "discard");
      continue;
    }
    seen.set(attribute.type, attribute);
    const rank = judgeAttribute(attribute, context);
    if (rank === "ok") good.set(attribute.type, attribute);
    else if (rank !== "quiet") judge(rank);
  }

  let mpAnnounced = 0;
  const reach = good.get(14)?.value;
  if (reach !== undefined) {
    const family = familyName(reach);
    const nextHopLength = reach.getUint8(3);
    mpAnnounced = reach.byteLength - 5 - nextHopLength;
    if (family === undefined) worsen("discard");
    else {
      const nextHop = octetsOf(part(reach, 4, nextHopLength));
      if (!usableNextHop(nextHop)) judge("withdraw");
      const text = nextHop.length === 4 ? nextHop.join(".") : ipv6Text(nextHop.slice(0, 16));
      const routes = prefixes(part(reach, 5 + nextHopLength, mpAnnounced), family, context, worsen)!;
      result.announced.push(...routes.map((route) => ({ ...route, nextHop: text })));
    }
  }
  const unreach = good.get(15)?.value;
  if (unreach !== undefined) {
    const family = familyName(unreach);
    if (family === undefined) worsen("discard");
    else result.withdrawn.push(...prefixes(part(unreach, 3, unreach.byteLength - 3), family, context, worsen)!);
  }

  const announcesSomething = nlri.byteLength > 0 || mpAnnounced > 0;
  if (announcesSomething && (!seen.has(1) || !seen.has(2))) worsen("withdraw");
  if (nlri.byteLength > 0) {
    const nextHop = good.get(3);
    if (!seen.has(3)) worsen("withdraw");
    else if (nextHop !== undefined && !usableNextHop(octetsOf(nextHop.value))) worsen("withdraw");
  } else if (!announcesSomething && (damaged as Rank) === "withdraw") worsen("reset");

  const gone = prefixes(withdrawn, "ipv4-unicast", context, worsen);
  const come = prefixes(nlri, "ipv4-unicast", context, worsen);
  if (gone === undefined || come === undefined) worsen("reset");
  const nextHop = good.get(3);
  const nextHopKey = nextHop === undefined ? {} : { nextHop: quad(nextHop.value, 0) };
  result.withdrawn.unshift(...(gone ?? []));
  result.announced.unshift(...(come ?? []).map((route) => ({ ...route, ...nextHopKey })));
  result.attributes = describe(good, context);
  return result;
}

function firstAttribute(view: DataView): Attribute | undefined {
  const wide = view.byteLength > 0 && (view.getUint8(0) & 0x10) !== 0;
  const head = wide ? 4 : 3;
  if (view.byteLength < head) return undefined;
  const length = wide ? view.getUint16(2) : view.getUint8(2);
  if (view.byteLength < head + length) return undefined;
  return { flags: view.getUint8(0), type: view.getUint8(1), value: part(view, head, length) };
}

function familyName(view: DataView): string | undefined {
  const key = `${view.getUint16(0)}/${view.getUint8(2)}`;
  return key === "1/1" ? "ipv4-unicast" : key === "2/1" ? "ipv6-unicast" : undefined;
}

/** With loopback sessions allowed, as the decode tool reads. */
function usableNextHop(octets: readonly number[]): boolean {
  if (octets.length === 4) return octets[0] !== 0 && octets[0]! < 224;
  const address = octets.slice(0, 16);
  return address.some((o) => o !== 0) && address[0] !== 0xff;
}

/** Undefined where the block cannot be cut into prefixes. */
function prefixes(
  view: DataView, family: string, context: NaiveContext, worsen: (rank: Rank) => void,
): Record<string, unknown>[] | undefined {
  const bits = family === "ipv4-unicast" ? 32 : 128;
  const found: Record<string, unknown>[] = [];
  const octets = octetsOf(view);
  while (octets.length > 0) {
    const route: Record<string, unknown> = { family };
    if (context.addPath.includes(family)) {
      if (octets.length < 5) return undefined;
      route["pathId"] = octets.splice(0, 4).reduce((sum, o) => sum * 256 + o, 0);
    }
    const length = octets.shift()!;
    const size = Math.ceil(length / 8);
    if (length > bits || octets.length < size) return undefined;
    const digits = octets.splice(0, size).map((o) => o.toString(2).padStart(8, "0")).join("").slice(0, length);
    const padded = digits.padEnd(bits, "0");
    const address = Array.from({ length: bits / 8 }, (_, i) => Number.parseInt(padded.slice(8 * i, 8 * i + 8), 2));
    if (unusable(address, length)) {
      worsen("discard");
      continue;
    }
    found.push({ ...route, prefix: `${bits === 32 ? address.join(".") : ipv6Text(address)}/${length}` });
  }
  return found;
}

function unusable(address: readonly number[], length: number): boolean {
  if (address.length === 4) {
    return (length >= 4 && address[0]! >= 224 && address[0]! < 240) || (length >= 8 && address[0] === 127);
  }
  const loopback = length === 128 && address[15] === 1 && address.slice(0, 15).every((o) => o === 0);
  return loopback || (length >= 8 && address[0] === 255);
}

/** The table of RFC 7606 as one switch; "quiet" is dropped and not even reported. */
function judgeAttribute({ flags, type, value }: Attribute, context: NaiveContext): Rank | "quiet" {
  const n = value.byteLength;
  const kind = flags & 0xc0;
  const wellKnown = kind === 0x40;
  const transitive = kind === 0xc0;
  const local = kind === 0x80;
  const orWithdraw = (good: boolean): Rank => (good ? "ok" : "withdraw");
  switch (type) {
    case 1: return orWithdraw(wellKnown && n === 1 && value.getUint8(0) <= 2);
    case 2: return orWithdraw(wellKnown && segments(value, context.fourOctetAs ? 4 : 2) !== undefined);
    case 3: return orWithdraw(wellKnown && n === 4);
    case 4: return orWithdraw(local && n === 4);
    case 5: return context.ebgp ? "discard" : orWithdraw(wellKnown && n === 4);
    case 6: return wellKnown ? (n === 0 ? "ok" : "discard") : "withdraw";
    case 7: {
      if (!transitive) return "withdraw";
      if (n !== (context.fourOctetAs ? 8 : 6)) return "discard";
      return (context.fourOctetAs ? value.getUint32(0) : value.getUint16(0)) === 0 ? "discard" : "ok";
    }
    case 8: return orWithdraw(transitive && n > 0 && n % 4 === 0);
    case 9: return context.ebgp ? "discard" : orWithdraw(local && n === 4);
    case 10: return context.ebgp ? "discard" : orWithdraw(local && n > 0 && n % 4 === 0);
    case 14: return local && goodReach(value, context) ? "ok" : "reset";
    case 15: return local && goodUnreach(value, context) ? "ok" : "reset";
    case 16: return orWithdraw(transitive && n > 0 && n % 8 === 0);
    case 17: return !context.fourOctetAs && transitive && n > 0 && segments(value, 4) !== undefined ? "ok" : "discard";
    case 18: return !context.fourOctetAs && transitive && n === 8 && value.getUint32(0) !== 0 ? "ok" : "discard";
    case 25: return orWithdraw(transitive && n > 0 && n % 20 === 0);
    case 26: return !context.ebgp && local && metrics(value) !== undefined ? "ok" : "discard";
    case 32: return orWithdraw(transitive && n > 0 && n % 12 === 0);
    case 35: return orWithdraw(transitive && n === 4);
    default: return (flags & 0x80) === 0 ? "reset" : transitive ? "ok" : "quiet";
  }
}

function goodReach(value: DataView, context: NaiveContext): boolean {
  if (value.byteLength < 5) return false;
  const nextHopLength = value.getUint8(3);
  if (value.byteLength < 5 + nextHopLength) return false;
  const family = familyName(value);
  if (family === undefined) return true;
  if (!(family === "ipv4-unicast" ? [4, 16, 32] : [16, 32]).includes(nextHopLength)) return false;
  const nlri = part(value, 5 + nextHopLength, value.byteLength - 5 - nextHopLength);
  return prefixes(nlri, family, context, () => undefined) !== undefined;
}

function goodUnreach(value: DataView, context: NaiveContext): boolean {
  if (value.byteLength < 3) return false;
  const family = familyName(value);
  if (family === undefined) return true;
  return prefixes(part(value, 3, value.byteLength - 3), family, context, () => undefined) !== undefined;
}

interface Segment { type: string; asns: number[] }

function segments(value: DataView, size: number): Segment[] | undefined {
  const found: Segment[] = [];
  let at = 0;
  while (at < value.byteLength) {
    if (at + 2 > value.byteLength) return undefined;
    const [type, count] = [value.getUint8(at), value.getUint8(at + 1)];
    if (count === 0 || (type !== 1 && type !== 2) || at + 2 + count * size > value.byteLength) return undefined;
    const asns = Array.from({ length: count }, (_, i) => (
      size === 4 ? value.getUint32(at + 2 + 4 * i) : value.getUint16(at + 2 + 2 * i)
    ));
    if (asns.includes(0)) return undefined;
    found.push({ type: type === 1 ? "set" : "sequence", asns });
    at += 2 + count * size;
  }
  return found;
}

/** The metrics of an AIGP, or undefined where it is malformed. */
function metrics(value: DataView): bigint[] | undefined {
  const found: bigint[] = [];
  let at = 0;
  while (at < value.byteLength) {
    if (at + 3 > value.byteLength) return undefined;
    const length = value.getUint16(at + 1);
    if (length < 3 || at + length > value.byteLength) return undefined;
    if (value.getUint8(at) === 1) {
      if (length !== 11) return undefined;
      found.push(value.getBigUint64(at + 3));
    }
    at += length;
  }
  return value.byteLength === 0 ? undefined : found;
}

function describe(good: ReadonlyMap<number, Attribute>, context: NaiveContext): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const unknown: Record<string, unknown>[] = [];
  for (const [type, { value }] of [...good].sort(([a], [b]) => a - b)) {
    const each = <T>(size: number, read: (at: number) => T): T[] => (
      Array.from({ length: value.byteLength / size }, (_, i) => read(i * size))
    );
    switch (type) {
      case 1: out["origin"] = ["igp", "egp", "incomplete"][value.getUint8(0)]; break;
      case 2: out["asPath"] = path(good, context); break;
      case 4: out["med"] = value.getUint32(0); break;
      case 5: out["localPref"] = value.getUint32(0); break;
      case 6: out["atomicAggregate"] = true; break;
      case 7: out["aggregator"] = aggregator(good, context); break;
      case 8: out["communities"] = each(4, (i) => `${value.getUint16(i)}:${value.getUint16(i + 2)}`); break;
      case 9: out["originatorId"] = quad(value, 0); break;
      case 10: out["clusterList"] = each(4, (i) => quad(value, i)); break;
      case 16: out["extendedCommunities"] = each(8, (i) => hexOf(part(value, i, 8))); break;
      case 25: out["ipv6ExtendedCommunities"] = each(20, (i) => hexOf(part(value, i, 20))); break;
      case 26: {
        const [metric] = metrics(value)!;
        if (metric !== undefined) out["aigp"] = String(metric);
        break;
      }
      case 32: {
        const words = (i: number): string => [0, 4, 8].map((n) => value.getUint32(i + n)).join(":");
        out["largeCommunities"] = each(12, words);
        break;
      }
      case 35: out["otc"] = value.getUint32(0); break;
      case 3: case 14: case 15: case 17: case 18: break;
      default: unknown.push({ type, flags: 0xe0 | (value.byteLength > 255 ? 0x10 : 0), hex: hexOf(value) });
    }
  }
  if (unknown.length > 0) out["unknownAttributes"] = unknown;
  return out;
}

/** RFC 6793 §4.2.3: whether an old speaker aggregated after AS4_* were written, so that they do not count. */
function oldAggregator(good: ReadonlyMap<number, Attribute>): boolean {
  const value = good.get(7)?.value;
  return good.has(18) && value !== undefined && value.getUint16(0) !== 23456;
}

function path(good: ReadonlyMap<number, Attribute>, context: NaiveContext): Segment[] {
  const own = segments(good.get(2)!.value, context.fourOctetAs ? 4 : 2)!;
  const four = good.get(17);
  if (context.fourOctetAs || four === undefined || oldAggregator(good)) return own;
  const real = segments(four.value, 4)!;
  const size = (list: readonly Segment[]): number => (
    list.map((s) => (s.type === "set" ? 1 : s.asns.length)).reduce((a, b) => a + b, 0)
  );
  if (size(own) < size(real)) return own;
  const flat = own.flatMap((s) => (s.type === "set" ? [s] : s.asns.map((asn) => ({ type: "sequence", asns: [asn] }))));
  const missing = flat.slice(0, size(own) - size(real));
  return [...missing, ...real]; // where segments of a sequence are cut is not compared
}

function aggregator(good: ReadonlyMap<number, Attribute>, context: NaiveContext): Record<string, unknown> {
  const { value } = good.get(7)!;
  if (context.fourOctetAs) return { asn: value.getUint32(0), address: quad(value, 4) };
  const four = good.get(18);
  if (four !== undefined && !oldAggregator(good)) return { asn: four.value.getUint32(0), address: quad(four.value, 4) };
  return { asn: value.getUint16(0), address: quad(value, 2) };
}
