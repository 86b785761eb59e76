/**
 * What a group was told, as dense ids: one ExportId for each (attributes, source). Rule: an id keeps its attributes and
 * its source alive for as long as a told row refers to it.
 */

import { U32Column } from "../rib/pages.ts";
import type { AttributeStore } from "../rib/attribute-store.ts";
import type { AttributesId, PeerId } from "../rib/ids.ts";
import { Rows } from "../rib/rows.ts";
import type { Audience } from "./chunk.ts";
import type { Source, SourceId, Sources } from "./source.ts";

/** One exported attribute set of one group; 0 is none: nothing is told. */
export type ExportId = number & { readonly __export: never };

/** Fields of a row. */
const ATTRIBUTES = 0;
const SOURCE = 1;
const REFERENCES = 2;
/** ORIGINATOR_ID as sent; 0 for none. */
const ORIGINATOR = 3;
/** The next export of the same attributes. */
const NEXT = 4;
const STRIDE = 5;

/** Ids whose chains an empty store keeps: to give pages back for every route that comes and goes costs too much. */
const IDS_KEPT = 4_096;

/** The exports of one group. */
export class ExportStore {
  readonly #store: AttributeStore;
  readonly #sources: Sources;
  readonly #rows = new Rows(STRIDE);
  /** The first export of each attribute set. */
  readonly #first = new U32Column();
  #max = 0;

  constructor(store: AttributeStore, sources: Sources) {
    this.#store = store;
    this.#sources = sources;
  }

  /** Live exports. */
  get size(): number {
    return this.#rows.size;
  }

  /** No live id is greater; 0 once the room was given back. */
  get idsMax(): number {
    return this.#max;
  }

  /** Octets of rows and chains. */
  get octets(): number {
    return this.#rows.octets + this.#first.octets;
  }

  /**
   * The id of (attributes, source), not yet retained; 0 when there is none yet. What was found moves to the front, so
   * a run of prefixes with equal attributes finds it at once even where many peers announce the same attributes.
   */
  find(attributes: AttributesId, source: SourceId): ExportId {
    const rows = this.#rows;
    let before = 0;
    for (let id = this.#first.get(attributes); id !== 0; id = rows.get(id, NEXT)) {
      if (rows.get(id, SOURCE) === source) {
        if (before !== 0) {
          rows.set(before, NEXT, rows.get(id, NEXT));
          rows.set(id, NEXT, this.#first.get(attributes));
          this.#first.set(attributes, id);
        }
        return id as ExportId;
      }
      before = id;
    }
    return 0 as ExportId;
  }

  /** A new id for (attributes, source) that `find` did not have. `originator`: ORIGINATOR_ID as it will be sent. */
  add(attributes: AttributesId, source: SourceId, originator: number): ExportId {
    const rows = this.#rows;
    const id = rows.take() as ExportId;
    const page = rows.pages[id >>> rows.shift]!;
    const row = (id & rows.mask) * STRIDE;
    page[row + ATTRIBUTES] = attributes;
    page[row + SOURCE] = source;
    page[row + REFERENCES] = 0;
    page[row + ORIGINATOR] = originator;
    page[row + NEXT] = this.#first.get(attributes);
    this.#first.set(attributes, id);
    this.#store.retain(attributes);
    this.#sources.retain(source);
    if (id > this.#max) this.#max = id;
    return id;
  }

  retain(id: ExportId): void {
    const { pages, shift, mask } = this.#rows;
    pages[id >>> shift]![(id & mask) * STRIDE + REFERENCES]!++;
  }

  release(id: ExportId): void {
    const { pages, shift, mask } = this.#rows;
    const left = --pages[id >>> shift]![(id & mask) * STRIDE + REFERENCES]!;
    if (left === 0) this.#drop(id);
  }

  /** Frees an id that was found or added and then never retained. */
  releaseUnused(id: ExportId): void {
    if (this.#rows.get(id, REFERENCES) === 0) this.#drop(id);
  }

  attributes(id: ExportId): AttributesId {
    return this.#rows.get(id, ATTRIBUTES) as AttributesId;
  }

  source(id: ExportId): Source {
    return this.#sources.get(this.#rows.get(id, SOURCE) as SourceId);
  }

  originator(id: ExportId): number {
    return this.#rows.get(id, ORIGINATOR);
  }

  /** Whether a member may not be told this: it is the source, or the router that ORIGINATOR_ID names. */
  excludes(id: ExportId, peer: PeerId, routerId: number): boolean {
    return this.source(id).peer === peer || (routerId !== 0 && this.originator(id) === routerId);
  }

  /** Fills in everyone but those that `excludes` names. */
  audience(id: ExportId, into: Audience): void {
    into.toPeer = 0;
    into.toId = 0;
    into.notPeer = this.source(id).peer;
    into.notId = this.originator(id);
  }

  #drop(id: ExportId): void {
    const attributes = this.attributes(id);
    this.#unchain(id, attributes);
    this.#sources.release(this.#rows.get(id, SOURCE) as SourceId);
    this.#store.release(attributes);
    this.#rows.give(id);
    if (this.#rows.size > 0 || this.#max <= IDS_KEPT) return;
    this.#max = 0;
    this.#first.trim(0);
  }

  #unchain(id: ExportId, attributes: AttributesId): void {
    const rows = this.#rows;
    let before = 0;
    for (let at = this.#first.get(attributes); at !== id; at = rows.get(at, NEXT)) before = at;
    if (before === 0) this.#first.set(attributes, rows.get(id, NEXT));
    else rows.set(before, NEXT, rows.get(id, NEXT));
  }
}
