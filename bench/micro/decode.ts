/** From octets to a reading, and from a reading into the table. */

import { readAttributes } from "../../src/messages/attributes/read.ts";
import { Framer } from "../../src/messages/framer.ts";
import { newSections, splitUpdate } from "../../src/messages/update.ts";
import { announcement, newEngine } from "./engine.ts";
import type { Engine } from "./engine.ts";
import type { MicroOperation } from "./measure.ts";

const UPDATES = 5_000;
const PER_UPDATE = 5;
const CHUNK_OCTETS = 65_536;
const NOW_SECONDS = 1;

/** Decoding and applying, per UPDATE of five prefixes, over `count` of them. */
export function decodeOperations(count: number = UPDATES): MicroOperation[] {
  return [framing(count), known(count), anew(count), inFull(count), applied(count, "5 new prefixes", true),
    applied(count, "5 held prefixes", false)];
}

/** UPDATEs whose attribute sets are numbered from `serial` on. */
function updates(count: number, serial: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => announcement(serial + i, i * PER_UPDATE, PER_UPDATE));
}

function framing(count: number): MicroOperation {
  const stream = new Uint8Array(Buffer.concat(updates(count, 1)));
  const framer = new Framer();
  const work = (): void => {
    for (let at = 0; at < stream.length; at += CHUNK_OCTETS) {
      framer.push(stream.subarray(at, at + CHUNK_OCTETS));
      while (framer.next() !== undefined);
    }
  };
  return { group: "decode", what: "cut a message from a stream", count, allocationFree: false, work };
}

function known(count: number): MicroOperation {
  const { engine, messages } = heldRoutes(count);
  return { group: "decode", what: "read an UPDATE, attributes met before", count, allocationFree: true,
    work: () => readAll(engine, messages) };
}

function anew(count: number): MicroOperation {
  const engine = newEngine(1);
  let serial = 1;
  let messages: readonly Uint8Array[] = [];
  const prepare = (): void => {
    messages = updates(count, serial);
    serial += count;
  };
  return { group: "decode", what: "read an UPDATE, attributes new", count, allocationFree: true, prepare,
    work: () => readAll(engine, messages) };
}

/** The reader that judges every attribute by its row: what is unusual takes this way. */
function inFull(count: number): MicroOperation {
  const { context } = newEngine(1).sessions[0]!;
  const messages = updates(count, 1);
  const sections = newSections();
  const work = (): void => {
    for (const message of messages) {
      splitUpdate(message, sections);
      readAttributes(message, sections.attributesAt, sections.attributesEnd, context);
    }
  };
  return { group: "decode", what: "read attributes in full (RFC 7606)", count, allocationFree: false, work };
}

function applied(count: number, what: string, fresh: boolean): MicroOperation {
  let engine = newEngine(1);
  let serial = 1;
  let messages: readonly Uint8Array[] = [];
  const prepare = (): void => {
    if (fresh) engine = newEngine(1);
    messages = updates(count, serial);
    serial += count;
  };
  return { group: "apply", what: `an UPDATE: attributes new, ${what}`, count, allocationFree: true, prepare,
    work: () => applyAll(engine, messages) };
}

/** Tables that hold every route of some UPDATEs, so that their attributes are known. */
function heldRoutes(count: number): { readonly engine: Engine; readonly messages: readonly Uint8Array[] } {
  const engine = newEngine(1);
  const messages = updates(count, 1);
  applyAll(engine, messages);
  return { engine, messages };
}

function readAll({ tables, sessions }: Engine, messages: readonly Uint8Array[]): void {
  for (const message of messages) tables.ingress.read(message, sessions[0]!);
}

function applyAll({ tables, sessions }: Engine, messages: readonly Uint8Array[]): void {
  const { ingress } = tables;
  const session = sessions[0]!;
  for (const message of messages) ingress.apply(message, ingress.read(message, session), session, NOW_SECONDS);
}
