/**
 * The far end of a session: takes octets in any portions, cuts messages, decodes them with the naive decoder and keeps
 * a table. It complains about anything that a peer should never be sent.
 */

import { isDeepStrictEqual } from "node:util";
import { naiveUpdate } from "./naive-decoder.ts";

/** What the far end knows of the session. */
export interface ReceiverSession {
  readonly fourOctetAs: boolean;
  readonly ebgp: boolean;
  readonly addPath: readonly string[];
  readonly messageOctetsMax: number;
  /** Its own BGP Identifier, as the decoder writes it. */
  readonly routerIdText: string;
}

/** A route as it was told: attributes in the words of naive-decoder.ts, AS_PATH flattened, next hop. */
export type ToldRoute = Record<string, unknown>;

/** One session's far end. */
export class Receiver {
  /** "family prefix", then " pathId" with ADD-PATH. */
  readonly table: Map<string, ToldRoute> = new Map();
  readonly session: ReceiverSession;
  /** What came, in order: "eor family", "borr family", "eorr family". */
  readonly marks: string[] = [];
  readonly withdrawnKeys: string[] = [];
  /** Withdrawals of what was never told (allowed in feeds only). */
  unfounded = 0;
  /** Announcements of a route just as it is held. */
  repeated = 0;
  longest = 0;
  readonly #stale = new Map<string, Set<string>>();
  #octets: Uint8Array = new Uint8Array(0);

  constructor(session: ReceiverSession) {
    this.session = session;
  }

  /** Octets that have arrived but are no whole message yet. */
  get waiting(): number {
    return this.#octets.length;
  }

  take(octets: Uint8Array): void {
    const all = new Uint8Array(this.#octets.length + octets.length);
    all.set(this.#octets);
    all.set(octets, this.#octets.length);
    let at = 0;
    while (all.length - at >= 19) {
      const length = all[at + 16]! * 256 + all[at + 17]!;
      if (all.subarray(at, at + 16).some((octet) => octet !== 0xff)) throw new Error("a message has its marker");
      if (length > this.session.messageOctetsMax) throw new Error(`a message of ${length} octets`);
      if (all.length - at < length) break;
      this.longest = Math.max(this.longest, length);
      this.#message(all.slice(at, at + length));
      at += length;
    }
    this.#octets = all.slice(at);
  }

  #message(message: Uint8Array): void {
    const type = message[18];
    if (type === 5) return this.#refresh(message);
    if (type !== 2) throw new Error(`a message of type ${type}`);
    this.#order(message);
    const { ebgp, fourOctetAs, addPath, routerIdText } = this.session;
    const update = naiveUpdate(message, { ebgp, fourOctetAs, addPath });
    if (update.disposition !== "ok") throw new Error(`an UPDATE that is to be ${update.disposition}`);
    if (update.announced.length === 0 && update.withdrawn.length === 0) return this.#endOfRib(message);
    for (const { family, prefix, pathId } of update.withdrawn) {
      const key = keyOf(family, prefix, pathId);
      this.withdrawnKeys.push(key);
      if (!this.table.delete(key)) this.unfounded++;
    }
    const { asPath, ...attributes } = update.attributes as { asPath: { asns: number[] }[] };
    if (update.announced.length > 0 && (attributes as ToldRoute)["originatorId"] === routerIdText) {
      throw new Error("a path of which the receiver is the originator");
    }
    for (const { family, prefix, pathId, nextHop } of update.announced) {
      const key = keyOf(family, prefix, pathId);
      this.#stale.get(String(family))?.delete(key);
      const route = { ...attributes, asPath: asPath.flatMap(({ asns }) => asns), nextHop };
      if (isDeepStrictEqual(route, this.table.get(key))) this.repeated++;
      this.table.set(key, route);
    }
  }

  /** RFC 7606 §5.1: MP_REACH_NLRI and MP_UNREACH_NLRI first; and no message mixes them with classic NLRI. */
  #order(message: Uint8Array): void {
    const withdrawn = message[19]! * 256 + message[20]!;
    const attributesAt = 23 + withdrawn;
    const end = attributesAt + message[21 + withdrawn]! * 256 + message[22 + withdrawn]!;
    const codes: number[] = [];
    for (let i = attributesAt; i < end;) {
      codes.push(message[i + 1]!);
      i += (message[i]! & 0x10) === 0 ? 3 + message[i + 2]! : 4 + message[i + 2]! * 256 + message[i + 3]!;
    }
    const mp = codes.filter((code) => code === 14 || code === 15);
    if (mp.length > 1 || (mp.length === 1 && (codes[0] !== mp[0] || withdrawn > 0 || end < message.length))) {
      throw new Error(`multiprotocol attributes come first and alone: ${codes.join(" ")}`);
    }
    const others = codes.slice(mp.length);
    if (others.some((code, i) => i > 0 &&
      code <= others[i - 1]!)) throw new Error(`order of attributes: ${codes.join(" ")}`);
  }

  #endOfRib(message: Uint8Array): void {
    const family = message.length === 23 ? "ipv4-unicast" : "ipv6-unicast";
    if (message.length !== 23 && message.length !== 29) throw new Error("an UPDATE that says nothing");
    this.marks.push(`eor ${family}`);
  }

  #refresh(message: Uint8Array): void {
    const family = message[20] === 1 ? "ipv4-unicast" : "ipv6-unicast";
    if (message[21] === 1) {
      this.marks.push(`borr ${family}`);
      this.#stale.set(family, new Set([...this.table.keys()].filter((key) => key.startsWith(family))));
    } else if (message[21] === 2) {
      this.marks.push(`eorr ${family}`);
      for (const key of this.#stale.get(family) ?? []) this.table.delete(key);
      this.#stale.delete(family);
    } else throw new Error("a request to refresh");
  }
}

function keyOf(family: unknown, prefix: unknown, pathId: unknown): string {
  const key = `${String(family)} ${String(prefix)}`;
  return pathId === undefined ? key : `${key} ${Number(pathId)}`;
}
