/**
 * What a group was told, as dense ids: one ExportId for each (attributes, source). Rule: an id keeps its attributes and
 * its source alive for as long as a told row refers to it.
 */

import { U32Column } from "../rib/pages.ts";
import type { AttributeStore } from "../rib/attribute-store.ts";
import type { AttributesId, PeerId } from "../rib/ids.ts";
import type { Audience } from "./chunk.ts";
import type { Source, SourceId, Sources } from "./source.ts";

/** One exported attribute set of one group; 0 is none: nothing is told. */
export type ExportId = number & { readonly __export: never };

/** Ids whose room an empty store keeps: to give pages back for every route that comes and goes costs too much. */
const IDS_KEPT = 4_096;

/** The exports of one group. */
export class ExportStore {
  readonly #store: AttributeStore;
  readonly #sources: Sources;
  readonly #attributes = new U32Column();
  readonly #source = new U32Column();
  readonly #references = new U32Column();
  /** ORIGINATOR_ID as sent; 0 for none. */
  readonly #originator = new U32Column();
  /** Exports of the same attributes, found from #first by attributes id. */
  readonly #next = new U32Column();
  readonly #first = new U32Column();
  #free: ExportId = 0 as ExportId;
  #max = 0;
  #size = 0;

  constructor(store: AttributeStore, sources: Sources) {
    this.#store = store;
    this.#sources = sources;
  }

  /** Live exports. */
  get size(): number {
    return this.#size;
  }

  /** No live id is greater; 0 once the room was given back. */
  get idsMax(): number {
    return this.#max;
  }

  /** Octets of the columns. */
  get octets(): number {
    return this.#attributes.octets + this.#source.octets + this.#references.octets + this.#originator.octets +
      this.#next.octets + this.#first.octets;
  }

  /**
   * The id of (attributes, source), not yet retained; 0 when there is none yet. What was found moves to the front, so
   * a run of prefixes with equal attributes finds it at once even where many peers announce the same attributes.
   */
  find(attributes: AttributesId, source: SourceId): ExportId {
    let before = 0;
    for (let id = this.#first.get(attributes); id !== 0; id = this.#next.get(id)) {
      if (this.#source.get(id) === source) {
        if (before !== 0) {
          this.#next.set(before, this.#next.get(id));
          this.#next.set(id, this.#first.get(attributes));
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
    const id = this.#free !== 0 ? this.#free : (++this.#max as ExportId);
    if (id === this.#free) this.#free = this.#next.get(id) as ExportId;
    this.#attributes.set(id, attributes);
    this.#source.set(id, source);
    this.#references.set(id, 0);
    this.#originator.set(id, originator);
    this.#next.set(id, this.#first.get(attributes));
    this.#first.set(attributes, id);
    this.#store.retain(attributes);
    this.#sources.retain(source);
    this.#size++;
    return id;
  }

  retain(id: ExportId): void {
    this.#references.set(id, this.#references.get(id) + 1);
  }

  release(id: ExportId): void {
    const references = this.#references.get(id) - 1;
    this.#references.set(id, references);
    if (references === 0) this.#drop(id);
  }

  /** Frees an id that was found or added and then never retained. */
  releaseUnused(id: ExportId): void {
    if (this.#references.get(id) === 0) this.#drop(id);
  }

  attributes(id: ExportId): AttributesId {
    return this.#attributes.get(id) as AttributesId;
  }

  source(id: ExportId): Source {
    return this.#sources.get(this.#source.get(id) as SourceId);
  }

  originator(id: ExportId): number {
    return this.#originator.get(id);
  }

  /** Whether a member may not be told this: it is the source, or the router that ORIGINATOR_ID names. */
  excludes(id: ExportId, peer: PeerId, routerId: number): boolean {
    return this.source(id).peer === peer || (routerId !== 0 && this.#originator.get(id) === routerId);
  }

  /** Fills in everyone but those that `excludes` names. */
  audience(id: ExportId, into: Audience): void {
    into.toPeer = 0;
    into.toId = 0;
    into.notPeer = this.source(id).peer;
    into.notId = this.#originator.get(id);
  }

  #drop(id: ExportId): void {
    const attributes = this.attributes(id);
    this.#unchain(id, attributes);
    this.#sources.release(this.#source.get(id) as SourceId);
    this.#store.release(attributes);
    this.#next.set(id, this.#free);
    this.#free = id;
    this.#size--;
    if (this.#size === 0 && this.#max > IDS_KEPT) this.#trim();
  }

  #unchain(id: ExportId, attributes: AttributesId): void {
    let before = 0;
    for (let at = this.#first.get(attributes); at !== id; at = this.#next.get(at)) before = at;
    if (before === 0) this.#first.set(attributes, this.#next.get(id));
    else this.#next.set(before, this.#next.get(id));
  }

  /** Everything is free: the pages go back to the system. */
  #trim(): void {
    this.#max = 0;
    this.#free = 0 as ExportId;
    const columns = [this.#attributes, this.#source, this.#references, this.#originator, this.#next, this.#first];
    for (const column of columns) column.trim(0);
  }
}
