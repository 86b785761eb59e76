/** `calico sessions`: what a node would do by the resources in files. */

import { createHash } from "node:crypto";
import { promises } from "node:fs";
import { join } from "node:path";
import { printableJson } from "../base/printable.ts";
import { readDocuments } from "../calico/documents.ts";
import { ResourceStore } from "../calico/store.ts";
import { NodeTranslation } from "../calico/translate/node.ts";
import type { HostFacts } from "../calico/translate/speaker.ts";
import { FaultList, unreadableFile } from "../config/fault.ts";
import type { ConfigFault } from "../config/fault.ts";
import { nodeViewText } from "../control/calico-view.ts";
import { EXIT } from "../control/cli-io.ts";
import type { CliHandlers, CliIo } from "../control/cli-io.ts";
import { complain, whyUnreadable } from "./files.ts";

/** Suffixes of the files that a folder is read for. */
const SUFFIX = /\.(ya?ml|json)$/;

/**
 * Prints the node's part. A file that cannot be read or parsed ends it with exit code 1, since what it would have said
 * is missing; a resource with a mistake is shown among the faults, and the others count.
 */
export const calicoSessions: CliHandlers["calicoSessions"] = async ({ node, files, output }, io) => {
  const store = new ResourceStore();
  const unread: ConfigFault[] = [];
  for (const file of files) {
    for (const path of await pathsOf(file, unread)) await readInto(store, path, unread, io);
  }
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

/** What Calico's environment says of this host. */
function hostFacts(nodeName: string, { env }: CliIo): HostFacts {
  return {
    nodeName,
    kubernetesNodeName: env["CALICO_K8S_NODE_REF"] ?? nodeName,
    usePodCidr: env["USE_POD_CIDR"] === "true",
    routerId: env["CALICO_ROUTER_ID"],
    sha256: (text) => createHash("sha256").update(text).digest(),
  };
}

/** The file, or the manifests of a folder in order of their names. */
async function pathsOf(file: string, unread: ConfigFault[]): Promise<readonly string[]> {
  if (file === "-") return [file];
  try {
    if (!(await promises.stat(file)).isDirectory()) return [file];
    const names = await promises.readdir(file);
    return names.filter((name) => SUFFIX.test(name)).sort().map((name) => join(file, name));
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
