/** `calico sessions`: what a node would do by the resources in files. */

import { printableJson } from "../base/printable.ts";
import type { ResourceFault } from "../calico/resources/model.ts";
import { NodeTranslation } from "../calico/translate/node.ts";
import { nodeViewText } from "../control/calico-view.ts";
import { EXIT } from "../control/cli-io.ts";
import type { CliHandlers } from "../control/cli-io.ts";
import { hostFacts } from "./calico-host.ts";
import { complain } from "./files.ts";
import { readResources } from "./manifests.ts";

/**
 * Prints the node's part. A file that cannot be read or parsed ends it with exit code 1, since what it would have said
 * is missing; a resource with a mistake is shown among the faults, and the others count.
 */
export const calicoSessions: CliHandlers["calicoSessions"] = async ({ node, files, output }, io) => {
  const { store, repeated, unread } = await readResources(files, io);
  if (unread.length > 0) {
    complain(unread, io);
    return EXIT.failed;
  }
  // A file behind others is how a change is tried.
  const notes = repeated.map((fault): ResourceFault => ({ ...fault, note: true }));
  const { view } = new NodeTranslation(hostFacts(node, io)).plan(store.resources, [...notes, ...store.faults]);
  const json = (spaces: number): string => `${printableJson(JSON.stringify(view, undefined, spaces))}\n`;
  const text = output === "json" ? json(2) : output === "jsonl" ? json(0) : nodeViewText(view);
  io.stdout.write(text);
  return store.resources.nodes.has(node) ? EXIT.done : EXIT.failed;
};
