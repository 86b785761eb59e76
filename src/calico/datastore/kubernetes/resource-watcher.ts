/**
 * Keeps one resource known: a list, then watches, each going on where the last one ended. Rules: a list is followed
 * by a watch, and only a watch that stood for a while is followed by another at once, so that no answer of the server
 * makes a busy loop; what is known stays until a list says otherwise.
 */

import type { JsonValue } from "../../../config/json.ts";
import { qualifiedNameOf } from "../../resources/raw.ts";
import type { DatastoreEvent, Timers } from "../datastore.ts";
import type { Api } from "./api.ts";
import { BackOff, pause } from "../back-off.ts";
import type { Failure } from "./failure.ts";
import { listAll } from "./list.ts";
import { listPath, resourceOf } from "./resources.ts";
import type { ResourceRow } from "./resources.ts";
import { watchFrom } from "./watch.ts";

/** What a watcher needs of its owner. */
export interface WatcherHost {
  readonly api: Api;
  readonly timers: Timers;
  /** The version of the API that the row is in now. */
  groupOf(row: ResourceRow): Promise<string | Failure>;
  /** The row is not where it was. */
  onMissing(row: ResourceRow): void;
  onEvent(event: DatastoreEvent): void;
  /** What the getters answer has changed. */
  onState(): void;
}

/** Why a resource cannot be had. */
export interface Trouble {
  readonly why: string;
  /** It is this resource's own; else others have it as well. */
  readonly isOwn: boolean;
  /** The server said it of this resource; else nobody answered, or nobody knows us. */
  readonly isOfResource: boolean;
  /** Meanwhile there is nothing of it. */
  readonly countsAsEmpty: boolean;
}

/** After such an answer a watch cannot go on: its version is gone, or of another server (504), or not understood. */
const LIST_ANEW: ReadonlySet<number | undefined> = new Set([400, 404, 410, 504]);
/** Nobody answered, nobody knows us, or the server is busy. */
const OF_THE_SERVER: ReadonlySet<number | undefined> = new Set([undefined, 401, 429, 500, 502, 503]);
/** The first two of these: no resource has a part in it. */
const OF_NO_RESOURCE: ReadonlySet<number | undefined> = new Set([undefined, 401]);
const GONE = 410;
/** A watch that stood for so long is a sound one. */
const SOUND_MILLISECONDS = 5000;
/** How long a watch is asked to last: from this, and up to as much more, so that they do not all end together. */
const WATCH_SECONDS = 300;

/** One resource of the API, listed and watched. */
export class ResourceWatcher {
  /** What is watched. */
  readonly row: ResourceRow;
  readonly #host: WatcherHost;
  readonly #signal: AbortSignal;
  readonly #backOff: BackOff;
  #group = "";
  /** Undefined where a list is due. */
  #version: string | undefined;
  #isListedInPages = true;
  #isListed = false;
  #wasOpen = false;
  #trouble: Trouble | undefined;
  #tooLong = 0;

  /** Runs until `signal` ends it. */
  constructor(row: ResourceRow, host: WatcherHost, signal: AbortSignal) {
    this.row = row;
    this.#host = host;
    this.#signal = signal;
    this.#backOff = new BackOff(host.timers);
  }

  /** Everything of it was told once. */
  get isListed(): boolean {
    return this.#isListed;
  }

  /** It has been watched, or was known to be empty, at least once. */
  get wasOpen(): boolean {
    return this.#wasOpen;
  }

  /** What is wrong now. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** Objects that were too long to read since the last list. */
  get tooLong(): number {
    return this.#tooLong;
  }

  /** Lists and watches until the signal. */
  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      const wait = this.#version === undefined ? await this.#list() : await this.#watch(this.#version);
      if (wait > 0) await pause(this.#host.timers, wait, this.#signal);
    }
  }

  /** Tells that there is nothing of it: nobody asks for it any more. */
  tellNone(): void {
    this.#tellAll([]);
  }

  /** Answers how long to wait, in milliseconds; so does #watch. */
  async #list(): Promise<number> {
    const group = await this.#host.groupOf(this.row);
    if (this.#signal.aborted) return 0;
    if (typeof group !== "string") return this.#fail(group);
    this.#group = group;
    const listing = await listAll(this.#host.api, {
      path: listPath(this.row, group), inPages: this.#isListedInPages, signal: this.#signal,
      keep: (object) => resourceOf(this.row, group, object),
    });
    if (this.#signal.aborted) return 0;
    if ("why" in listing) {
      // Pages that expire while they are read would do so again: kubectl too asks for the whole then.
      this.#isListedInPages = listing.status !== GONE;
      return this.#fail(listing);
    }
    this.#isListedInPages = true;
    this.#version = listing.resourceVersion;
    this.#tooLong = listing.tooLong;
    this.#tellAll(listing.objects);
    this.#isListed = true;
    this.#host.onState();
    return 0;
  }

  async #watch(resourceVersion: string): Promise<number> {
    const { api, timers } = this.#host;
    let isSound = false;
    let disarm = (): void => {};
    const path = listPath(this.row, this.#group);
    const timeoutSeconds = WATCH_SECONDS + Math.floor(timers.random() * WATCH_SECONDS);
    const failure = await watchFrom(api, { path, resourceVersion, timeoutSeconds, signal: this.#signal }, {
      onOpen: () => {
        this.#setTrouble(undefined);
        disarm = timers.after(SOUND_MILLISECONDS, () => {
          isSound = true;
          this.#backOff.reset();
        });
      },
      onPut: (objects) => this.#emit(
        { kind: "put", resources: objects.map((object) => resourceOf(this.row, this.#group, object)) }),
      onRemoved: (object) => this.#tellRemoved(qualifiedNameOf(object)),
      onVersion: (version) => { this.#version = version; },
      onTooLong: () => {
        this.#tooLong += 1;
        this.#host.onState();
      },
    });
    disarm();
    if (this.#signal.aborted) return 0;
    if (failure !== undefined) return this.#fail(failure);
    return isSound ? 0 : this.#backOff.next();
  }

  #fail(failure: Failure): number {
    const { status, why } = failure;
    if (status === 404) this.#host.onMissing(this.row);
    if (LIST_ANEW.has(status)) this.#version = undefined;
    const countsAsEmpty = status !== undefined && this.row.emptyOn.includes(status);
    if (countsAsEmpty && !this.#isListed) {
      this.#isListed = true;
      this.#tellAll([]);
    }
    const isUsual = status === GONE && this.#backOff.failures === 0; // after an outage, or where much has changed
    const isOwn = !OF_THE_SERVER.has(status);
    if (!isUsual) this.#setTrouble({ why, isOwn, isOfResource: !OF_NO_RESOURCE.has(status), countsAsEmpty });
    return this.#backOff.next(failure);
  }

  #setTrouble(trouble: Trouble | undefined): void {
    this.#trouble = trouble;
    this.#wasOpen ||= trouble === undefined || trouble.countsAsEmpty;
    this.#host.onState();
  }

  /** Nothing is told of a resource after it was told to be gone. */
  #emit(event: DatastoreEvent): void {
    if (!this.#signal.aborted) this.#host.onEvent(event);
  }

  #tellAll(resources: readonly JsonValue[]): void {
    const { kind, only } = this.row;
    if (only === undefined) this.#emit({ kind: "snapshot", kinds: [kind], resources });
    else if (resources.length > 0) this.#emit({ kind: "put", resources });
    else this.#tellRemoved(`${only.namespace}/${only.name}`);
  }

  #tellRemoved(name: string | undefined): void {
    if (name !== undefined) this.#emit({ kind: "removed", resourceKind: this.row.kind, name });
  }
}
