/**
 * Files and folders as a datastore that the verbs write to. Rules: they are read once, and again where one changed
 * beneath us; of a resource that is given twice the last one counts, as for the daemon.
 */

import { createHash } from "node:crypto";
import { promises } from "node:fs";
import { join } from "node:path";
import { whyUnreadable } from "../../../base/unreadable.ts";
import { unreadableFile } from "../../../config/fault.ts";
import type { ConfigFault } from "../../../config/fault.ts";
import { isJsonObject } from "../../../config/json.ts";
import type { JsonObject } from "../../../config/json.ts";
import { kindOf, nameOf, versionOf, withMetadata } from "../../resources/raw.ts";
import { writeYaml } from "../../yaml/write.ts";
import type { Timers } from "../datastore.ts";
import type { Answer, Refusal, ResourceWriter } from "../writer.ts";
import { manifestsOf } from "./manifests.ts";
import { appendedTo, isBlank, readManifestText, replacedIn, resourcesOf } from "./manifest-text.ts";
import type { ManifestText, PlacedResource } from "./manifest-text.ts";
import { makeFile, readText, replaceFile, takeAway } from "./replace.ts";
import type { Written } from "./replace.ts";

/** A file that was read. */
interface ManifestFile {
  readonly path: string;
  /** One of a folder: it may go with its last resource. What the configuration names stays. */
  readonly isInFolder: boolean;
  readonly manifest: ManifestText;
  /** Set once, as each of them knows the file. */
  held: readonly Held[];
}

/** A resource in its file. */
interface Held {
  readonly file: ManifestFile;
  readonly placed: PlacedResource;
  readonly value: JsonObject;
}

/** An answer; or a file is not any more what was read, or is being written by another: it has to be tried again. */
type Attempt = Answer<string> | Exclude<Written, "done">;
const ATTEMPTS = 50;
const PAUSE_MILLISECONDS = 40;
/** Who has written nothing for so many attempts, one or two seconds, was killed: writing takes milliseconds. */
const ATTEMPTS_OF_THE_LIVING = 40;

/** The verbs' view of files and folders. */
export class FilesWriter implements ResourceWriter {
  readonly #paths: readonly string[];
  readonly #timers: Timers;
  #unread: ConfigFault[] = [];
  #files: readonly ManifestFile[] | undefined;
  /** By kind and name, in the order of the files; undefined after a change. */
  #index: Map<string, Held[]> | undefined;

  /** `paths` as in the configuration: files, and folders of manifests. */
  constructor(paths: readonly string[], timers: Timers) {
    this.#paths = paths;
    this.#timers = timers;
  }

  get unread(): readonly ConfigFault[] {
    return this.#unread;
  }

  async list(kind: string): Promise<Answer<readonly JsonObject[]>> {
    const found: JsonObject[] = [];
    for (const held of (await this.#indexed()).values()) {
      const last = held.at(-1)?.value;
      if (last !== undefined && kindOf(last) === kind && nameOf(last) !== "") found.push(last);
    }
    return { done: found.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1)).map(stamped) };
  }

  async get(kind: string, name: string): Promise<Answer<JsonObject>> {
    const last = await this.#find(kind, name);
    return last === undefined ? { refused: "absent" } : { done: stamped(last.value) };
  }

  create(resource: JsonObject): Promise<Answer<string>> {
    return this.#answer(async () => {
      if (await this.#find(kindOf(resource), nameOf(resource)) !== undefined) return { refused: "exists" };
      return this.#add(unstamped(resource));
    });
  }

  update(resource: JsonObject): Promise<Answer<string>> {
    return this.#answer(async () => {
      const last = await this.#find(kindOf(resource), nameOf(resource));
      if (last === undefined) return { refused: "absent" };
      if (isOther(versionOf(resource), last.value)) return { refused: "conflict" };
      const wanted = unstamped(resource);
      if (JSON.stringify(wanted) === JSON.stringify(unstamped(last.value))) return { done: versionOfContent(wanted) };
      return this.#rewrite(last.file, replacedIn(last.file.manifest, last.placed, wanted), wanted);
    });
  }

  remove(kind: string, name: string, resourceVersion: string | undefined): Promise<Answer<string>> {
    return this.#answer(async () => {
      const last = await this.#find(kind, name);
      if (last === undefined) return { refused: "absent" };
      if (isOther(resourceVersion, last.value)) return { refused: "conflict" };
      // The same name may stand elsewhere too, and would count once this one is gone.
      for (let held: Held | undefined = last; held !== undefined; held = await this.#find(kind, name)) {
        const changed = replacedIn(held.file.manifest, held.placed, undefined);
        const answer = await this.#rewrite(held.file, changed, last.value);
        if (answer === "changed" || !("done" in answer)) return answer;
      }
      return { done: versionOfContent(last.value) };
    });
  }

  /** What the file system refuses is an answer; any other exception is a bug and goes on. */
  async #answer(attempt: () => Promise<Attempt>): Promise<Answer<string>> {
    try {
      let refusal: Refusal = { refused: "conflict" };
      let [state, since] = ["", 0];
      for (let count = 0; count < ATTEMPTS; count++) {
        const answer = await attempt();
        if (answer !== "changed" && !("busy" in answer)) return answer;
        this.#files = undefined;
        this.#index = undefined;
        if (answer === "changed") continue;
        refusal = failed(`${answer.busy} is in the way (remove it, if nobody is writing)`);
        if (answer.state !== state) [state, since] = [answer.state, count];
        if (count - since >= ATTEMPTS_OF_THE_LIVING) await takeAway(answer);
        else await this.#pause();
      }
      return refusal;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return failed(error.message);
    }
  }

  /** Not the same for everybody, or they would come back together. */
  #pause(): Promise<void> {
    return new Promise((resolve) => this.#timers.after(PAUSE_MILLISECONDS * (0.5 + this.#timers.random()), resolve));
  }

  /** Into a file of its own in the first folder; without a folder, at the end of the first file of YAML. */
  async #add(resource: JsonObject): Promise<Attempt> {
    for (const path of this.#paths) {
      if ((await promises.stat(path)).isDirectory()) return this.#addTo(path, resource);
    }
    const file = (await this.#read()).find(({ path }) => /\.ya?ml$/i.test(path));
    if (file === undefined) return failed("no folder to put it in (add one to calico.files, or put it in a file)");
    return this.#rewrite(file, appendedTo(file.manifest, resource), resource);
  }

  async #addTo(folder: string, resource: JsonObject): Promise<Attempt> {
    const path = join(folder, `${kindOf(resource)}.${nameOf(resource)}.yaml`);
    const text = writeYaml(resource);
    const written = await makeFile(path, text);
    if (written === "changed") return failed(`${path} is there already (see what it holds, or move it)`);
    if (written !== "done") return written;
    const file = fileOf(path, true, readManifestText(text, path));
    const index = await this.#indexed();
    this.#files = [...await this.#read(), file];
    for (const held of file.held) addTo(index, held);
    return { done: versionOfContent(resource) };
  }

  async #rewrite(file: ManifestFile, changed: ManifestText | undefined, resource: JsonObject): Promise<Attempt> {
    const { path, isInFolder, manifest } = file;
    if (changed === undefined) return failed(`${path} cannot be changed without harm to the rest of it (edit it)`);
    const isGone = isInFolder && isBlank(changed.text);
    const written = await replaceFile(path, manifest.text, isGone ? undefined : changed.text);
    if (written !== "done") return written;
    const next = fileOf(path, isInFolder, changed);
    this.#files = (await this.#read()).flatMap((one) => (one !== file ? [one] : isGone ? [] : [next]));
    this.#index = undefined;
    return { done: versionOfContent(resource) };
  }

  /** The one that counts. */
  async #find(kind: string, name: string): Promise<Held | undefined> {
    return (await this.#indexed()).get(`${kind} ${name}`)?.at(-1);
  }

  async #indexed(): Promise<Map<string, Held[]>> {
    if (this.#index !== undefined) return this.#index;
    const index = new Map<string, Held[]>();
    for (const { held } of await this.#read()) for (const one of held) addTo(index, one);
    this.#index = index;
    return index;
  }

  /** All files that can be read, in the order of the configuration; what cannot goes to `unread`. */
  async #read(): Promise<readonly ManifestFile[]> {
    if (this.#files !== undefined) return this.#files;
    this.#unread = [];
    const files: ManifestFile[] = [];
    for (const path of this.#paths) {
      for (const file of await this.#attempt(path, () => manifestsOf(path)) ?? []) {
        const text = await this.#attempt(file, () => readText(file));
        if (text === undefined) continue;
        const manifest = readManifestText(text, file);
        const known = fileOf(file, file !== path, manifest);
        this.#unread.push(...manifest.faults, ...namelessIn(known));
        files.push(known);
      }
    }
    this.#files = files;
    return files;
  }

  async #attempt<T>(path: string, read: () => Promise<T | undefined>): Promise<T | undefined> {
    try {
      const done = await read();
      if (done === undefined) this.#unread.push(unreadableFile(path, "is no UTF-8 text", "save it as UTF-8"));
      return done;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#unread.push(unreadableFile(path, `cannot be read: ${whyUnreadable(error)}`, "check the path and its mode"));
      return undefined;
    }
  }
}

function fileOf(path: string, isInFolder: boolean, manifest: ManifestText): ManifestFile {
  const file: ManifestFile = { path, isInFolder, manifest, held: [] };
  file.held = resourcesOf(manifest).flatMap((placed) =>
    (isJsonObject(placed.value) ? [{ file, placed, value: placed.value }] : []));
  return file;
}

/** What no question can ask for. The daemon leaves it out, too. */
function namelessIn({ path, held }: ManifestFile): readonly ConfigFault[] {
  return held.flatMap(({ value }, at) => (kindOf(value) !== "" && nameOf(value) !== "" ? [] : [unreadableFile(
    path, `resource ${at + 1} has no kind or no metadata.name`, "give it both; a name such as n or 7 needs quotes")]));
}

function addTo(index: Map<string, Held[]>, held: Held): void {
  const key = `${kindOf(held.value)} ${nameOf(held.value)}`;
  const same = index.get(key);
  if (same === undefined) index.set(key, [held]);
  else same.push(held);
}

/** Whether an exception is the system's answer. */
function isRefusal(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && "syscall" in error;
}

function failed(why: string): Refusal {
  return { refused: "failed", why };
}

/** A file keeps no version: it is made of what the resource says, and differs from all that Kubernetes gives. */
function stamped(resource: JsonObject): JsonObject {
  return withMetadata(resource, { resourceVersion: versionOfContent(resource) });
}

function unstamped(resource: JsonObject): JsonObject {
  return withMetadata(resource, { resourceVersion: undefined });
}

const VERSION = /^f[0-9a-f]{15}$/;

function versionOfContent(resource: JsonObject): string {
  const digest = createHash("sha256").update(JSON.stringify(unstamped(resource))).digest("hex");
  return `f${digest.slice(0, 15)}`;
}

/** Whether a version was given that is one of ours, and not that of this resource. */
function isOther(version: string | undefined, resource: JsonObject): boolean {
  return version !== undefined && VERSION.test(version) && version !== versionOfContent(resource);
}
