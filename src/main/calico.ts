/** `calico sessions`: what a node would do by the resources in files. */

import { promises } from "node:fs";
import { printableJson } from "../base/printable.ts";
import { manifestsOf } from "../calico/datastore/files/manifests.ts";
import { readDocuments } from "../calico/documents.ts";
import { ResourceStore } from "../calico/store.ts";
import { NodeTranslation } from "../calico/translate/node.ts";
import { FaultList, unreadableFile } from "../config/fault.ts";
import type { ConfigFault } from "../config/fault.ts";
import { nodeViewText } from "../control/calico-view.ts";
import { EXIT } from "../control/cli-io.ts";
import type { CliHandlers, CliIo } from "../control/cli-io.ts";
import { hostFacts } from "./calico-host.ts";
import { complain, whyUnreadable } from "./files.ts";

/**
 * Prints the node's part. A file that cannot be read or parsed ends it with exit code 1, since what it would have said
 * is missing; a resource with a mistake is shown among the faults, and the others count.
 */
export const calicoSessions: CliHandlers["calicoSessions"] = async ({ node, files, output }, io) => {
  const { store, unread } = await readResources(files, io);
  if (unread.length > 0) {
    complain(unread, io);
    return EXIT.failed;
  }
  const { view } = new NodeTranslation(hostFacts(node, io)).plan(store.resources, store.faults);
  const json = (spaces: number): string => `${printableJson(JSON.stringify(view, undefined, spaces))}\n`;
  const text = output === "json" ? json(2) : output === "jsonl" ? json(0) : nodeViewText(view);
  io.stdout.write(text);
  return store.resources.nodes.has(node) ? EXIT.done : EXIT.failed;
};

/** The resources of files and folders, and what could not be read or parsed of these. */
export async function readResources(files: readonly string[], io: CliIo):
  Promise<{ readonly store: ResourceStore; readonly unread: readonly ConfigFault[] }> {
  const store = new ResourceStore();
  const unread: ConfigFault[] = [];
  for (const file of files) {
    for (const path of await pathsOf(file, unread)) await readInto(store, path, unread, io);
  }
  return { store, unread };
}

/** The file, or the manifests of a folder in order of their names. */
async function pathsOf(file: string, unread: ConfigFault[]): Promise<readonly string[]> {
  if (file === "-") return [file];
  try {
    return await manifestsOf(file);
  } catch (error) {
    unread.push(unreadable(file, error as NodeJS.ErrnoException));
    return [];
  }
}

async function readInto(
  store: ResourceStore, path: string, unread: ConfigFault[], { stdin }: CliIo,
): Promise<void> {
  const text = await textOf(path, stdin, unread);
  if (text === undefined) return;
  const faults = new FaultList(path, text);
  store.put(readDocuments(text, faults));
  unread.push(...faults.all());
}

/** The text of a file or of standard input; undefined where the system refuses, which is noted. */
async function textOf(path: string, stdin: NodeJS.ReadableStream, unread: ConfigFault[]): Promise<string | undefined> {
  try {
    if (path !== "-") return await promises.readFile(path, "utf8");
    stdin.setEncoding("utf8"); // a character may be cut between two chunks
    let text = "";
    for await (const chunk of stdin) text += chunk as string;
    return text;
  } catch (error) {
    unread.push(unreadable(path, error as NodeJS.ErrnoException));
    return undefined;
  }
}

function unreadable(path: string, error: NodeJS.ErrnoException): ConfigFault {
  const [why, todo] = whyUnreadable(error);
  return unreadableFile(path, `cannot be read: ${why}`, todo);
}
