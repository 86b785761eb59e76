/**
 * Resources in files and folders of files, followed through every change. Rules: nothing is told while a file is being
 * written; what cannot be read keeps what it said last, and is a fault by its name; a manifest that leaves a folder
 * takes its resources with it; a path of the configuration that is missing is an outage. The system tells of changes
 * where it can; all files are looked at now and then wherever it cannot (network file systems, folders that were
 * replaced).
 */

import { promises } from "node:fs";
import { basename, dirname } from "node:path";
import type { JsonValue } from "../../../config/json.ts";
import type { ResourceFault } from "../../resources/model.ts";
import type { Datastore, DatastoreEvent, Timers } from "../datastore.ts";
import { watchFolder } from "../watch-folder.ts";
import type { WatchFolder } from "../watch-folder.ts";
import { faultOf, identityOf, isManifest, manifestsOf, readManifest, twice, whyUnread } from "./manifests.ts";
import type { Manifest } from "./manifests.ts";

/**
 * All files are looked at when so long nothing more has changed (editors and copies come in bursts), and what changed
 * is read where it is the same so long after that: a copy over a network has its pauses.
 */
const SETTLE_MILLISECONDS = 200;
/** But looking is not put off more often than this. */
const STIRS_MAX = 5;
/** After so many looks in a row at files that do not come to rest, the others do not wait for them any longer. */
const RESTLESS_SCANS = 20;
/** All files are looked at again after that long, */
const POLL_MILLISECONDS = 10_000;
/** or so long for each of them, where they are very many. */
const POLL_MILLISECONDS_PER_FILE = 10;

/** Which files, and by whose time. */
export interface FilesOptions {
  /** Files and folders; of an object that is in several the last counts. */
  readonly paths: readonly string[];
  readonly timers: Timers;
  /** Absent: the system's. */
  readonly watchFolder?: WatchFolder;
}

/** A watched folder. */
interface Watched {
  readonly folder: string;
  /** Another one means that the folder was replaced. */
  readonly inode: number | undefined;
  readonly close: () => void;
}

/** A resource as it was told. */
interface Told {
  readonly kind: string;
  /** `namespace/name` where there is a namespace. */
  readonly name: string;
  readonly value: JsonValue;
  readonly file: string;
}

/** The files datastore. */
export class FilesDatastore implements Datastore {
  readonly #options: FilesOptions;
  #listener: (event: DatastoreEvent) => void = () => undefined;
  /** By path of the configuration, then by file. */
  readonly #manifests = new Map<string, ReadonlyMap<string, Manifest>>();
  /** Files that were not as they had been, with the stamp they had: of the last scan. */
  #restless: ReadonlyMap<string, string> = new Map();
  #restlessScans = 0;
  readonly #watched = new Map<string, Watched>();
  #told: ReadonlyMap<string, Told> = new Map();
  #faultsTold = "[]";
  /** Undefined: nothing was said yet; empty: it is up. */
  #why: string | undefined = undefined;
  #isSynced = false;
  #isStopped = false;
  #running: Promise<void> | undefined = undefined;
  #isStirred = false;
  #stirs = 0;
  #settling: (() => void) | undefined = undefined;
  #polling: (() => void) | undefined = undefined;

  constructor(options: FilesOptions) {
    this.#options = options;
  }

  start(listener: (event: DatastoreEvent) => void): void {
    this.#listener = listener;
    this.#begin();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimers();
    await this.#running;
    for (const { close } of this.#watched.values()) close();
    this.#watched.clear();
  }

  /** Something may have changed: it is looked at soon. */
  #stir(): void {
    if (this.#isStopped || (this.#settling !== undefined && this.#stirs >= STIRS_MAX)) return;
    this.#stirs += 1;
    this.#settling?.();
    this.#settling = this.#options.timers.after(SETTLE_MILLISECONDS, () => this.#begin());
  }

  #begin(): void {
    this.#cancelTimers();
    this.#stirs = 0;
    this.#isStirred = this.#running !== undefined;
    // What it throws is a bug of ours, and ends the process: nobody waits for it.
    this.#running ??= this.#scan().then((isWhole) => {
      this.#running = undefined;
      if (this.#isStopped) return;
      if (this.#isStirred || !isWhole) this.#stir();
      else this.#pollLater();
      this.#isStirred = false;
    });
  }

  #pollLater(): void {
    const files = [...this.#manifests.values()].reduce((sum, { size }) => sum + size, 0);
    const wait = Math.max(POLL_MILLISECONDS, files * POLL_MILLISECONDS_PER_FILE);
    this.#polling = this.#options.timers.after(wait, () => this.#begin());
  }

  #cancelTimers(): void {
    this.#settling?.();
    this.#polling?.();
    this.#settling = undefined;
    this.#polling = undefined;
  }

  /** Looks at everything, tells what is new; false where it has to be looked at again before. */
  async #scan(): Promise<boolean> {
    const troubles: string[] = [];
    const restless = new Map<string, string>();
    for (const path of this.#options.paths) {
      await this.#watch(path); // first: what changes from now on is not missed
      try {
        await this.#read(path, restless);
      } catch (error) {
        troubles.push(`${path} ${whyUnread(error)}`);
      }
    }
    this.#restless = restless;
    this.#restlessScans = restless.size === 0 ? 0 : this.#restlessScans + 1;
    const isToBeTold = restless.size === 0 || this.#restlessScans > RESTLESS_SCANS;
    if (isToBeTold && !this.#isStopped) this.#tell(troubles.join("; "));
    return isToBeTold;
  }

  async #read(path: string, restless: Map<string, string>): Promise<void> {
    const before = this.#manifests.get(path) ?? new Map<string, Manifest>();
    const now = new Map<string, Manifest>();
    const there = await manifestsOf(path);
    for (const file of [...new Set([...there, ...before.keys()])].sort()) {
      const known = before.get(file);
      const read = await readManifest(file, known, this.#restless.get(file));
      if (typeof read === "string") restless.set(file, read);
      // The file of the configuration itself was there a moment ago; without it there would be an outage.
      const manifest = typeof read === "string" || (read === undefined && file === path) ? known : read;
      if (manifest !== undefined) now.set(file, manifest);
    }
    this.#manifests.set(path, now);
  }

  async #watch(path: string): Promise<void> {
    // What is not there, or is a file that may be replaced, is seen in the folder that it is in.
    const own = await promises.stat(path).catch(() => undefined);
    const isFolder = own?.isDirectory() === true;
    const folder = isFolder ? path : dirname(path);
    const inode = (isFolder ? own : await promises.stat(folder).catch(() => undefined))?.ino;
    const known = this.#watched.get(path);
    if (known?.folder === folder && known.inode === inode) return;
    known?.close();
    this.#watched.delete(path);
    if (inode === undefined || this.#isStopped) return;
    const onChange = (name: string | null): void => {
      if (name === null || isManifest(name) || name.startsWith("..") || name === basename(path)) this.#stir();
    };
    try {
      const start = this.#options.watchFolder ?? watchFolder;
      const close = start(folder, onChange, () => this.#watched.delete(path));
      this.#watched.set(path, { folder, inode, close });
    } catch {
      // A file system or a limit that allows no watching: looking now and then must do.
    }
  }

  /** `why`: what of the configuration's paths is missing; empty where all are there. */
  #tell(why: string): void {
    const faults = [...this.#restless.keys()].map((file) =>
      faultOf(file, "", "does not come to rest; what it said before counts"));
    const objects = this.#gather(faults);
    this.#tellFaults(faults);
    if (why !== this.#why) this.#listener(why === "" ? { kind: "up" } : { kind: "down", why });
    this.#why = why;
    if (this.#isSynced) this.#tellChanges(objects);
    else if (why === "") this.#tellFirst(objects);
  }

  /** All resources by kind and name. */
  #gather(faults: ResourceFault[]): ReadonlyMap<string, Told> {
    const objects = new Map<string, Told>();
    const withNameless = new Set<string>();
    for (const [file, manifest] of this.#options.paths.flatMap((path) => [...this.#manifests.get(path) ?? []])) {
      faults.push(...manifest.faults);
      for (const [at, value] of manifest.documents.entries()) {
        const identity = identityOf(value);
        if (identity === undefined) {
          withNameless.add(file);
          faults.push(faultOf(file, "", `resource ${at + 1} has no kind or no metadata.name`));
          continue;
        }
        const { kind, name } = identity;
        const other = objects.get(`${kind} ${name}`);
        if (other !== undefined) faults.push({ kind, name, field: "", why: twice(other.file, file) });
        objects.set(`${kind} ${name}`, { kind, name, value, file });
      }
    }
    // Such a resource may be any that its file had before, and a file that was cut ends in one.
    const kept = [...this.#told].filter(([key, { file }]) => withNameless.has(file) && !objects.has(key));
    for (const [key, told] of kept) objects.set(key, told);
    for (const file of new Set(kept.map(([, told]) => told.file))) {
      const names = kept.filter(([, told]) => told.file === file).map(([, { kind, name }]) => `${kind} ${name}`);
      faults.push(faultOf(file, "", `what it said before of ${someOf(names)} counts`));
    }
    return objects;
  }

  #tellFaults(faults: readonly ResourceFault[]): void {
    const text = JSON.stringify(faults);
    if (text !== this.#faultsTold) this.#listener({ kind: "faults", faults });
    this.#faultsTold = text;
  }

  #tellFirst(objects: ReadonlyMap<string, Told>): void {
    this.#told = objects;
    this.#isSynced = true;
    const told = [...objects.values()];
    const kinds = [...new Set(told.map(({ kind }) => kind))];
    this.#listener({ kind: "snapshot", kinds, resources: told.map(({ value }) => value) });
    this.#listener({ kind: "synced" });
  }

  /** A file that was not read again has the very values that it had. */
  #tellChanges(objects: ReadonlyMap<string, Told>): void {
    const before = this.#told;
    this.#told = objects;
    for (const [key, { kind, name }] of before) {
      if (!objects.has(key)) this.#listener({ kind: "removed", resourceKind: kind, name });
    }
    const changed = [...objects].filter(([key, { value }]) => before.get(key)?.value !== value);
    if (changed.length > 0) this.#listener({ kind: "put", resources: changed.map(([, { value }]) => value) });
  }
}

function someOf(names: readonly string[]): string {
  const [first = "", ...others] = names;
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}
