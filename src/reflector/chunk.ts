/**
 * Shared output: whole messages in a buffer that every member of a group sends from, with runs that say for whom.
 * Rule: octets below `used` never change, so members and sockets may hold views of them.
 */

import type { PeerId } from "../rib/ids.ts";

/**
 * Whom a run of messages is for. `toPeer` and `toId` both 0: every member; else only the member that is the peer
 * `toPeer` or has the BGP Identifier `toId`. A member that is `notPeer` or has the Identifier `notId` skips the run.
 * This is split horizon made exact: the source of a path, and the router named by its ORIGINATOR_ID as sent.
 */
export interface Audience {
  toPeer: number;
  toId: number;
  notPeer: number;
  notId: number;
}

/** The member that reads a chunk: its peer and its BGP Identifier. */
export interface Reader {
  readonly peer: PeerId;
  readonly routerId: number;
}

/** Words of one run: end offset, then the four of its audience. */
const RUN_WORDS = 5;
/** The room of a chunk that holds a few changes, and of one in a larger flush (an extended message always fits). */
const CHUNK_OCTETS_SMALL = 8_192;
const CHUNK_OCTETS = 262_144;
/** A chunk with more runs than these remembers whom they name; fewer are looked through one by one. */
const RUNS_LOOKED_THROUGH = 4;
/** Marks in that memory, a power of two: few beside the runs that fit into a chunk would say "maybe" too often. */
const NAME_BITS = 13;

/** A place in a stream that parts stamps: octets before it carry smaller ones than `epoch`, those behind it do not. */
export interface Border {
  /** Octets of the stream before it. */
  readonly position: number;
  readonly epoch: number;
  next: Border | undefined;
}

/** A buffer of whole messages and its runs; chunks of one stream are linked in order. */
export class Chunk {
  readonly bytes: Uint8Array;
  /** Octets of messages so far. */
  used = 0;
  /** Octets of the stream before this chunk. */
  readonly base: number;
  /** The last border before this chunk, or where it begins. */
  readonly border: Border;
  next: Chunk | undefined = undefined;
  #runs: Uint32Array = new Uint32Array(RUNS_LOOKED_THROUGH * RUN_WORDS);
  #runCount = 0;
  /** One bit for each peer and BGP Identifier that a run is not for; absent while there are few runs. */
  #named: Uint8Array | undefined = undefined;
  /** Whether some run is for one reader only. */
  #directed = false;
  /** The last view handed out: most readers ask for the same octets. */
  #view: Uint8Array | undefined = undefined;
  #viewAt = 0;

  constructor(base: number, border: Border, large: boolean) {
    this.bytes = new Uint8Array(large ? CHUNK_OCTETS : CHUNK_OCTETS_SMALL);
    this.base = base;
    this.border = border;
  }

  /** Changes in this chunk and later carry this stamp or a greater one. */
  get epoch(): number {
    return this.border.epoch;
  }

  get runCount(): number {
    return this.#runCount;
  }

  /** Octets that still fit. */
  get room(): number {
    return this.bytes.length - this.used;
  }

  /** Declares the octets up to `used` as written for `audience`; a run like the one before it extends that one. */
  commit(used: number, audience: Audience): void {
    this.used = used;
    const last = (this.#runCount - 1) * RUN_WORDS;
    if (last >= 0 && this.#sameAudience(last, audience)) {
      this.#runs[last] = used;
      return;
    }
    const at = this.#runCount++ * RUN_WORDS;
    if (at === this.#runs.length) this.#growRuns();
    this.#runs[at] = used;
    this.#runs[at + 1] = audience.toPeer;
    this.#runs[at + 2] = audience.toId;
    this.#runs[at + 3] = audience.notPeer;
    this.#runs[at + 4] = audience.notId;
    if (this.#named !== undefined) this.#name(at);
  }

  /** The offset at which a run ends. */
  runEnd(run: number): number {
    return this.#runs[run * RUN_WORDS]!;
  }

  /** Whether a run is for this reader. */
  isFor(run: number, reader: Reader): boolean {
    const at = run * RUN_WORDS;
    const runs = this.#runs;
    const { peer, routerId } = reader;
    if (runs[at + 3] === peer || (runs[at + 4] === routerId && routerId !== 0)) return false;
    const toPeer = runs[at + 1]!;
    const toId = runs[at + 2]!;
    return (toPeer === 0 && toId === 0) || toPeer === peer || (toId !== 0 && toId === routerId);
  }

  /** False where every run is for this reader: among thousands of readers, runs that name one are looked for by few. */
  mayPass(reader: Reader): boolean {
    const named = this.#named;
    return named === undefined || this.#directed || isMarked(named, reader.peer) || isMarked(named, reader.routerId);
  }

  /** The octets from `start` to `end`, which are written: one view for all readers that ask for the same in turn. */
  view(start: number, end: number): Uint8Array {
    let view = this.#view;
    if (view === undefined || this.#viewAt !== start || view.length !== end - start) {
      view = this.bytes.subarray(start, end);
      this.#view = view;
      this.#viewAt = start;
    }
    return view;
  }

  #name(at: number): void {
    const runs = this.#runs;
    if (runs[at + 1] !== 0 || runs[at + 2] !== 0) this.#directed = true;
    mark(this.#named!, runs[at + 3]!);
    mark(this.#named!, runs[at + 4]!);
  }

  #sameAudience(at: number, audience: Audience): boolean {
    const runs = this.#runs;
    return runs[at + 1] === audience.toPeer && runs[at + 2] === audience.toId &&
      runs[at + 3] === audience.notPeer && runs[at + 4] === audience.notId;
  }

  #growRuns(): void {
    const grown = new Uint32Array(this.#runs.length * 2);
    grown.set(this.#runs);
    this.#runs = grown;
    if (this.#named !== undefined) return;
    this.#named = new Uint8Array(2 ** NAME_BITS / 8);
    for (let run = 0; run < this.#runCount - 1; run++) this.#name(run * RUN_WORDS);
  }
}

/** Peers and Identifiers share the bits: who is taken for another is only looked for in vain. */
function bitOf(name: number): number {
  return Math.imul(name, 0x9e3779b1) >>> (32 - NAME_BITS);
}

function mark(named: Uint8Array, name: number): void {
  const bit = bitOf(name);
  named[bit >>> 3]! |= 1 << (bit & 7);
}

function isMarked(named: Uint8Array, name: number): boolean {
  const bit = bitOf(name);
  return (named[bit >>> 3]! & (1 << (bit & 7))) !== 0;
}

/** A stream of chunks: the live log of a group, or a feed. Chunks that no cursor holds any more are garbage. */
export class ChunkStream {
  #tail: Chunk;
  /** What is written next carries its stamp at least: the tail may have begun with older ones. */
  #border: Border;

  constructor(epoch: number) {
    this.#border = { position: 0, epoch, next: undefined };
    this.#tail = new Chunk(0, this.#border, false);
  }

  get tail(): Chunk {
    return this.#tail;
  }

  /** Octets ever written to the stream. */
  get octets(): number {
    return this.#tail.base + this.#tail.used;
  }

  /** A chunk with room for `octets`: the tail, or a new one. */
  withRoom(octets: number): Chunk {
    return this.#tail.room >= octets ? this.#tail : this.start(this.#border.epoch, true);
  }

  /** Whatever is written from now on carries this stamp or a greater one. */
  enter(epoch: number): void {
    const border: Border = { position: this.octets, epoch, next: undefined };
    this.#border.next = border;
    this.#border = border;
  }

  /** Leaves a chunk that is half full or more, so that what is written together next can be sent in one piece. */
  turnOver(): void {
    if (this.#tail.used >= CHUNK_OCTETS / 2) this.start(this.#border.epoch, true);
  }

  /** Starts a new chunk, so that a cursor may begin exactly here. An empty tail of that epoch already is one. */
  start(epoch: number, large = false): Chunk {
    const tail = this.#tail;
    if (this.#border.epoch !== epoch) this.enter(epoch);
    if (tail.used === 0 && tail.epoch === epoch && !large) return tail;
    const chunk = new Chunk(tail.base + tail.used, this.#border, large);
    tail.next = chunk;
    this.#tail = chunk;
    return chunk;
  }
}

/** Where a reader is in a stream. */
export class Cursor {
  #chunk: Chunk;
  #run = 0;
  #offset = 0;

  constructor(chunk: Chunk) {
    this.#chunk = chunk;
  }

  /** A reader of whatever is written to the stream from now on. */
  static atEndOf({ tail }: ChunkStream): Cursor {
    const cursor = new Cursor(tail);
    cursor.#run = tail.runCount;
    cursor.#offset = tail.used;
    return cursor;
  }

  /** Another reader that stands where this one does. */
  copy(): Cursor {
    const cursor = new Cursor(this.#chunk);
    cursor.#run = this.#run;
    cursor.#offset = this.#offset;
    return cursor;
  }

  /** The chunk of the next unread octet (its epoch bounds what the reader does not have yet). */
  get chunk(): Chunk {
    this.#advance();
    return this.#chunk;
  }

  /** Octets of the stream behind the reader, also those it skipped. */
  get position(): number {
    return this.#chunk.base + this.#offset;
  }

  /** Whether everything written so far was read or skipped. */
  get atEnd(): boolean {
    this.#advance();
    return this.#offset === this.#chunk.used;
  }

  /** The border that the reader comes to next, or stands at; undefined where the newest stamp goes on to the end. */
  get border(): Border | undefined {
    this.#advance();
    let border: Border | undefined = this.#chunk.border;
    while (border !== undefined && border.position < this.position) border = border.next;
    return border;
  }

  /** All octets for this reader up to a position in the stream at which a message ends. */
  upTo(position: number, reader: Reader): Uint8Array[] {
    const views: Uint8Array[] = [];
    while (this.position < position) {
      const view = this.next(reader);
      if (view === undefined) break;
      const wanted = view.length - Math.max(0, this.position - position);
      if (wanted > 0) views.push(view.subarray(0, wanted));
    }
    return views;
  }

  /** The next octets for this reader, as a view of whole messages; undefined when there are none yet. */
  next(reader: Reader): Uint8Array | undefined {
    for (;;) {
      this.#advance();
      if (this.#offset === this.#chunk.used) return undefined;
      const view = this.#span(reader);
      if (view !== undefined) return view;
    }
  }

  /** Skips runs for others, then joins the runs that follow for this reader into one view. */
  #span(reader: Reader): Uint8Array | undefined {
    const chunk = this.#chunk;
    if (!chunk.mayPass(reader)) return this.#rest(chunk);
    while (this.#run < chunk.runCount && !chunk.isFor(this.#run, reader)) this.#passRun(chunk);
    const start = this.#offset;
    while (this.#run < chunk.runCount && chunk.isFor(this.#run, reader)) this.#passRun(chunk);
    return this.#offset > start ? chunk.view(start, this.#offset) : undefined;
  }

  #rest(chunk: Chunk): Uint8Array {
    const start = this.#offset;
    this.#offset = chunk.used;
    this.#run = chunk.runCount;
    return chunk.view(start, chunk.used);
  }

  /** A run can still grow while it is the last one: the cursor stays in it, at its present end. */
  #passRun(chunk: Chunk): void {
    this.#offset = chunk.runEnd(this.#run);
    this.#run++;
  }

  #advance(): void {
    // The last run may have grown since it was passed: step back into it.
    const chunk = this.#chunk;
    if (this.#run > 0 && this.#offset < chunk.runEnd(this.#run - 1)) this.#run--;
    while (this.#offset === this.#chunk.used && this.#chunk.next !== undefined) {
      this.#chunk = this.#chunk.next;
      this.#offset = 0;
      this.#run = 0;
    }
  }
}
