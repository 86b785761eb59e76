/**
 * A load from a table dump: TABLE_DUMP_V2 (RFC 6396 §4.3) with its ADD-PATH subtypes (RFC 8050 §4). Rule: the peers
 * with the largest tables become the sources, so sources have prefixes in common, as they do in a network.
 */

import type { Family } from "../daemons/daemon.ts";
import { AttributeSets } from "./attribute-sets.ts";
import { Load } from "./load.ts";
import { announceable } from "./mrt-attributes.ts";
import { visitRecords } from "./mrt-records.ts";
import { copied, mask32, PREFIX_BITS_MAX, PrefixTable } from "./prefixes.ts";
import { RouteList } from "./route-list.ts";
import { AFI, u16At, u32At } from "./wire.ts";

/** What `mrtLoad` is told. */
export interface MrtOptions {
  readonly file: string;
  readonly addPath: boolean;
  /** Where the file has fewer peers, a peer's attribute sets are dealt to several sources. */
  readonly sources: number;
  /** The one that has more entries, where it is not said. */
  readonly family?: Family;
}

const TABLE_DUMP_V2 = 13;
/** What a RIB subtype holds; a generic one says its family itself. */
const RIB_SUBTYPES: Readonly<Record<number, { readonly family: Family | "generic"; readonly addPath: boolean }>> = {
  2: { family: "ipv4", addPath: false }, 4: { family: "ipv6", addPath: false },
  6: { family: "generic", addPath: false }, 8: { family: "ipv4", addPath: true },
  10: { family: "ipv6", addPath: true }, 12: { family: "generic", addPath: true },
};
const UNICAST = 1;

/** A prefix of a dump and where its entries are. */
interface RibRecord {
  readonly family: Family;
  readonly addPath: boolean;
  /** Of the prefix's length octet. */
  readonly prefixAt: number;
  readonly body: Buffer;
}
type EntryVisitor = (peer: number, attributes: Buffer) => void;

/** Reads the file twice: first who has the largest tables, then what is in them. Throws where it is no table dump. */
export async function mrtLoad(options: MrtOptions): Promise<Load> {
  const { file, addPath, sources } = options;
  const entries = await entriesOf(file);
  const total = (of: Family): number => [...entries[of].values()].reduce((sum, count) => sum + count, 0);
  const family = options.family ?? (total("ipv6") > total("ipv4") ? "ipv6" : "ipv4");
  if (total(family) === 0) throw new Error(`${file}: no ${family} unicast entries of TABLE_DUMP_V2`);
  const peers = [...entries[family]].sort((a, b) => b[1] - a[1]).map(([peer]) => peer);
  const table = new DumpedTable(family, peers, sources);
  await visitRib(file, (record) => { if (record.family === family) table.add(record); });
  const load = table.finish(addPath);
  if (load.prefixes === 0) throw new Error(`${file}: nothing that can be announced; ${load.notes.slice(1).join("; ")}`);
  return load;
}

/** Why a file gives no load of either family, in one line that names it; it is read to its end. */
export async function dumpFault(file: string): Promise<string | undefined> {
  try {
    const { ipv4, ipv6 } = await entriesOf(file);
    return ipv4.size + ipv6.size > 0 ? undefined : `${file}: no unicast entries of TABLE_DUMP_V2`;
  } catch (error) { // nothing but the file can be wrong
    return (error as Error).message;
  }
}

/** How many entries each peer has. */
async function entriesOf(file: string): Promise<Readonly<Record<Family, ReadonlyMap<number, number>>>> {
  const entries = { ipv4: new Map<number, number>(), ipv6: new Map<number, number>() };
  await visitRib(file, (record) => {
    const counts = entries[record.family];
    visitEntries(record, (peer) => { counts.set(peer, (counts.get(peer) ?? 0) + 1); });
  });
  return entries;
}

/** The routes of a dump as they are collected. */
class DumpedTable {
  readonly #family: Family;
  readonly #rankOf: ReadonlyMap<number, number>;
  readonly #numbers = new PrefixTable();
  readonly #attributes = new AttributeSets();
  readonly #routes: readonly RouteList[];
  /** By source: 1 where it has the prefix. */
  readonly #has: Uint8Array[];
  /** Attribute set by the octets of the dump, or why there is none. */
  readonly #known = new Map<string, number | string>();
  readonly #leftOut = new Map<string, number>();

  constructor(family: Family, peers: readonly number[], sources: number) {
    this.#family = family;
    this.#rankOf = new Map(peers.map((peer, rank) => [peer, rank]));
    this.#routes = Array.from({ length: sources }, () => new RouteList());
    this.#has = Array.from({ length: sources }, () => new Uint8Array(1024));
  }

  add(record: RibRecord): void {
    const prefix = this.#prefixOf(record);
    visitEntries(record, (peer, attributes) => {
      const fault = prefix === undefined ? "a prefix that daemons do not agree on"
        : this.#addEntry(prefix, peer, attributes);
      if (fault !== undefined) this.#leftOut.set(fault, (this.#leftOut.get(fault) ?? 0) + 1);
    });
  }

  finish(addPath: boolean): Load {
    const sources = this.#routes.map((list) => list.finish(this.#attributes));
    const count = sources.reduce((sum, { prefixes }) => sum + prefixes.length, 0);
    const inWords = (number: number): string => number.toLocaleString("en");
    const notes = [`of the dump: ${inWords(this.#numbers.count)} prefixes, ${inWords(count)} routes`,
      ...[...this.#leftOut].map(([why, times]) => `left out of the dump, ${times} ×: ${why}`)];
    return new Load({ family: this.#family, addPath, numbers: this.#numbers, attributes: this.#attributes, sources,
      notes });
  }

  #addEntry(prefix: readonly [number, number, number], peer: number, attributes: Buffer): string | undefined {
    const [sources, peers, rank] = [this.#routes.length, this.#rankOf.size, this.#rankOf.get(peer)!];
    if (rank >= sources) return "a peer with a smaller table";
    const set = this.#setOf(attributes);
    if (typeof set === "string") return set;
    // Sources rank, rank + peers, rank + 2 × peers … share what the peer has.
    const shares = Math.ceil((sources - rank) / peers);
    const home = rank + peers * (set % shares);
    const n = this.#numbers.add(...prefix);
    for (let i = 0; i < sources; i++) {
      const source = (home + i) % sources;
      if (n >= this.#has[source]!.length) this.#has[source] = copied(new Uint8Array(2 * n), this.#has[source]!);
      if (this.#has[source]![n] === 1) continue; // another path of the peer: the next source has it
      this.#has[source]![n] = 1;
      this.#routes[source]!.add(n, set);
      return undefined;
    }
    return "more paths than sources";
  }

  #setOf(attributes: Buffer): number | string {
    const key = attributes.toString("latin1");
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = announceable(attributes);
    const set = typeof found === "string" ? found : this.#intern(found.head, found.tail);
    this.#known.set(key, set);
    return set;
  }

  /** Entries that differ in NEXT_HOP or MED only have one set. */
  #intern(head: readonly number[], tail: readonly number[]): number {
    const key = `=${Buffer.from([...head, ...tail]).toString("latin1")}`;
    const known = this.#known.get(key);
    if (typeof known === "number") return known;
    const set = this.#attributes.add(head, tail);
    this.#known.set(key, set);
    return set;
  }

  /** First and second 32 bits, and the length; undefined where it covers next hops or is no global unicast. */
  #prefixOf({ body, prefixAt }: RibRecord): readonly [number, number, number] | undefined {
    const bits = body[prefixAt]!;
    const padded = Buffer.alloc(16);
    body.copy(padded, 0, prefixAt + 1, prefixAt + 1 + ((bits + 7) >>> 3));
    const high = (u32At(padded, 0) & mask32(bits)) >>> 0;
    const low = (u32At(padded, 4) & mask32(bits - 32)) >>> 0;
    if (this.#family === "ipv6") {
      return bits >= 3 && bits <= PREFIX_BITS_MAX && high >>> 29 === 1 ? [high, low, bits] : undefined;
    }
    const [first, last] = [high >>> 24, (high | ~mask32(bits)) >>> 24];
    const covers = (octet: number): boolean => first <= octet && octet <= last;
    return bits > 0 && bits <= 32 && last < 224 && ![0, 10, 127].some(covers) ? [high, low, bits] : undefined;
  }
}

async function visitRib(file: string, visit: (record: RibRecord) => void): Promise<void> {
  await visitRecords(file, (type, subtype, body) => {
    const row = type === TABLE_DUMP_V2 ? RIB_SUBTYPES[subtype] : undefined;
    if (row === undefined) return;
    const isGeneric = row.family === "generic";
    const family = row.family !== "generic" ? row.family : familyOf(u16At(body, 4), body[6]!);
    if (family !== undefined) visit({ family, addPath: row.addPath, prefixAt: isGeneric ? 7 : 4, body });
  });
}

function familyOf(afi: number, safi: number): Family | undefined {
  if (safi !== UNICAST) return undefined;
  return afi === AFI.ipv4 ? "ipv4" : afi === AFI.ipv6 ? "ipv6" : undefined;
}

/** Entries of a record; a damaged one ends it. */
function visitEntries({ body, prefixAt, addPath }: RibRecord, visit: EntryVisitor): void {
  let at = prefixAt + 1 + ((body[prefixAt]! + 7) >>> 3);
  const count = u16At(body, at);
  at += 2;
  const header = addPath ? 12 : 8; // peer index, time, path identifier, length
  for (let i = 0; i < count && at + header <= body.length; i++) {
    const end = at + header + u16At(body, at + header - 2);
    if (end > body.length) return;
    visit(u16At(body, at), body.subarray(at + header, end));
    at = end;
  }
}
