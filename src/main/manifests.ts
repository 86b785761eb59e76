/** What `-f` gives: the resources of files, of folders and of standard input. */

import { promises } from "node:fs";
import { identityOf, manifestsOf, twice } from "../calico/datastore/files/manifests.ts";
import { readDocuments } from "../calico/documents.ts";
import type { ResourceFault } from "../calico/resources/model.ts";
import { ResourceStore } from "../calico/store.ts";
import { FaultList, unreadableFile } from "../config/fault.ts";
import type { ConfigFault } from "../config/fault.ts";
import type { JsonValue } from "../config/json.ts";
import type { CliIo } from "../control/cli-io.ts";
import { refusalOf } from "./files.ts";

/** The resources in their order, and what could not be read or parsed. */
export interface Manifests {
  readonly documents: readonly JsonValue[];
  /** Where each of them is from. */
  readonly sources: readonly string[];
  readonly unread: readonly ConfigFault[];
}

/** Reads them all; `-` is standard input. Never rejects for a file. */
export async function readManifests(
  files: readonly string[], { stdin }: Pick<CliIo, "stdin">, recursive = false,
): Promise<Manifests> {
  const documents: JsonValue[] = [];
  const sources: string[] = [];
  const unread: ConfigFault[] = [];
  for (const file of files) {
    for (const path of await attempted(file, unread, () => pathsOf(file, recursive)) ?? []) {
      const text = await attempted(path, unread, () =>
        (path === "-" ? textOf(stdin) : promises.readFile(path, "utf8")));
      if (text === undefined) continue;
      const faults = new FaultList(path, text);
      for (const document of readDocuments(text, faults)) {
        documents.push(document);
        sources.push(path);
      }
      unread.push(...faults.all());
    }
  }
  return { documents, sources, unread };
}

/** Resources of files, as a store has them. */
export interface ReadResources {
  /** What is wrong with single resources stands here. */
  readonly store: ResourceStore;
  /** What is given more than once, in words that follow its name; the last one counts. */
  readonly repeated: readonly ResourceFault[];
  readonly unread: readonly ConfigFault[];
}

/** The same, read into a store. */
export async function readResources(files: readonly string[], io: Pick<CliIo, "stdin">): Promise<ReadResources> {
  const { documents, sources, unread } = await readManifests(files, io);
  const counting = new Map<string | number, { readonly value: JsonValue; readonly source: string }>();
  const repeated: ResourceFault[] = [];
  for (const [at, value] of documents.entries()) {
    const source = sources[at]!;
    const identity = identityOf(value);
    const key = identity === undefined ? at : `${identity.kind} ${identity.name}`;
    const before = counting.get(key);
    if (identity !== undefined && before !== undefined) {
      repeated.push({ ...identity, field: "", why: twice(before.source, source) });
    }
    counting.set(key, { value, source });
  }
  const store = new ResourceStore();
  store.put([...counting.values()].map(({ value }) => value));
  return { store, repeated, unread };
}

async function pathsOf(file: string, recursive: boolean): Promise<readonly string[]> {
  return file === "-" ? [file] : manifestsOf(file, recursive);
}

async function attempted<T>(path: string, unread: ConfigFault[], read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const [why, todo] = refusalOf(error as NodeJS.ErrnoException);
    unread.push(unreadableFile(path, `cannot be read: ${why}`, todo));
    return undefined;
  }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  stream.setEncoding("utf8"); // a chunk may end within a character
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}
