/**
 * BGP messages of an MRT file (RFC 6396, RFC 8050), as route collectors and other daemons write them. Rule: a record
 * that is damaged or unknown costs itself; the next starts where its length says. Compression is undone by the caller.
 */

import { Reader } from "../../base/bytes.ts";
import { formatAddress } from "../../base/address.ts";
import { FAMILIES } from "../families.ts";
import { isFault } from "../fault.ts";
import { Framer } from "../framer.ts";
import { EXTENDED_MESSAGE_OCTETS_MAX } from "../header.ts";
import type { CaptureItem, Sighting } from "./item.ts";
import { isoTime } from "./item.ts";
import type { RibPeer } from "./mrt-table.ts";
import { readPeerIndex, readRib } from "./mrt-table.ts";

const TABLE_DUMP_V2 = 13;
const BGP4MP = 16;
const BGP4MP_ET = 17;
const PEER_INDEX_TABLE = 1;
const RECORD_HEADER_OCTETS = 12;

/** Every message of an MRT file; an entry of a table dump becomes the UPDATE that would announce it. */
export function* readMrt(file: Uint8Array): Generator<CaptureItem> {
  let peers: readonly RibPeer[] = [];
  let at = 0;
  while (at < file.length) {
    const header = new Reader(file, at);
    const [seconds, type, subtype, length] = [header.u32(), header.u16(), header.u16(), header.u32()];
    if (header.short || length > header.left) {
      return yield { kind: "passed-over", why: "the file ends inside a record", sighting: {} };
    }
    const body = header.window(length);
    const microseconds = type === BGP4MP_ET ? body.u32() : 0;
    const time = isoTime(seconds * 1000 + microseconds / 1000);
    const sighting: Sighting = time === undefined ? {} : { time };
    if (type === TABLE_DUMP_V2 && subtype === PEER_INDEX_TABLE) peers = readPeerIndex(body);
    else if (type === TABLE_DUMP_V2) yield* readRib(body, subtype, peers, sighting);
    else if (type === BGP4MP || type === BGP4MP_ET) yield* readBgp4mp(body, subtype, sighting);
    else yield { kind: "passed-over", why: `MRT type ${type} is not BGP4MP or TABLE_DUMP_V2`, sighting };
    at += RECORD_HEADER_OCTETS + length;
  }
}

interface Bgp4mpRow {
  readonly holds: "message" | "state";
  readonly fourOctetAs: boolean;
  /** Sent by the recording speaker, not to it. */
  readonly local: boolean;
  readonly addPath: boolean;
}
const bgp4mp = (holds: Bgp4mpRow["holds"], fourOctetAs: boolean, local = false, addPath = false): Bgp4mpRow =>
  ({ holds, fourOctetAs, local, addPath });

/** BGP4MP subtypes (RFC 6396 §4.4, RFC 8050 §3). */
const BGP4MP_SUBTYPES: Readonly<Record<number, Bgp4mpRow>> = {
  0: bgp4mp("state", false),
  1: bgp4mp("message", false),
  4: bgp4mp("message", true),
  5: bgp4mp("state", true),
  6: bgp4mp("message", false, true),
  7: bgp4mp("message", true, true),
  8: bgp4mp("message", false, false, true),
  9: bgp4mp("message", true, false, true),
  10: bgp4mp("message", false, true, true),
  11: bgp4mp("message", true, true, true),
};

/** RFC 6396 §4.4.1: the numbers of the states. */
const STATES: readonly string[] = ["", "Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established"];

function* readBgp4mp(body: Reader, subtype: number, when: Sighting): Generator<CaptureItem> {
  const row = BGP4MP_SUBTYPES[subtype];
  if (row === undefined) {
    return yield { kind: "passed-over", why: `BGP4MP subtype ${subtype} is unknown`, sighting: when };
  }
  const asNumber = (): number => (row.fourOctetAs ? body.u32() : body.u16());
  const [peerAs, localAs] = [asNumber(), asNumber()];
  body.skip(2); // interface index
  const octets = body.u16() === 2 ? 16 : 4;
  const [peer, local] = [body.view(octets), body.view(octets)];
  if (body.short) return yield { kind: "passed-over", why: "a BGP4MP record is too short", sighting: when };
  const [from, to] = row.local ? [local, peer] : [peer, local];
  const sighting = { ...when, from: formatAddress(from), to: formatAddress(to) };
  if (row.holds === "state") {
    const [before, after] = [body.u16(), body.u16()];
    const name = (state: number): string => STATES[state] || String(state);
    return yield { kind: "state", before: name(before), after: name(after), sighting };
  }
  yield readRecorded(body.rest(), row, peerAs !== localAs, sighting);
}

function readRecorded(octets: Uint8Array, row: Bgp4mpRow, ebgp: boolean, sighting: Sighting): CaptureItem {
  const framer = new Framer();
  framer.maxOctets = EXTENDED_MESSAGE_OCTETS_MAX;
  framer.push(octets);
  const message = framer.next();
  if (isFault(message)) return { kind: "fault", fault: message, sighting };
  if (message === undefined || framer.bufferedOctets > 0) {
    return { kind: "passed-over", why: "a BGP4MP record does not hold exactly one message", sighting };
  }
  const addPath = row.addPath ? FAMILIES.map(({ name }) => name) : [];
  return { kind: "message", message, context: { ebgp, fourOctetAs: row.fourOctetAs, addPath }, sighting };
}
