/** `check`: reads a configuration, and the resources that it names, and says what is wrong with them. */

import { unreadableFile } from "../config/fault.ts";
import type { ConfigFault } from "../config/fault.ts";
import type { Intent } from "../config/intent.ts";
import { EXIT } from "../control/cli-io.ts";
import type { CliHandlers, CliIo } from "../control/cli-io.ts";
import { complain, readFile } from "./files.ts";
import { withPasswords } from "./passwords.ts";

/** Resolves with the exit code: failed where there is a fault. */
export const check: CliHandlers["check"] = async ({ config, output }, io) => {
  const read = await withPasswords(await readFile(config));
  const faults = "faults" in read ? read.faults : [...faultsOfPasswords(read.intent),
    ...(read.settings.calico === undefined ? [] : await faultsOfResources(read.settings.calico.files, io))];
  if (output === "json") io.stdout.write(`${JSON.stringify({ faults }, undefined, 2)}\n`);
  else if (output === "jsonl") for (const fault of faults) io.stdout.write(`${JSON.stringify(fault)}\n`);
  else if ("faults" in read || faults.length > 0) complain(faults, io);
  else {
    const { peers, originated } = read.intent;
    const counts = read.settings.calico === undefined
      ? `${peers.length} neighbours, ${originated.length} routes of our own` : "Calico mode";
    io.stdout.write(`${config}: ${counts}, no fault\n`);
  }
  return faults.length === 0 ? EXIT.done : EXIT.failed;
};

/** `run` has such a neighbour wait and goes on. */
function faultsOfPasswords({ peers }: Intent): readonly ConfigFault[] {
  return peers.flatMap(({ name, password }) => (password === undefined || !("missing" in password) ? []
    : [unreadableFile(`password of ${name}`, password.missing, "the neighbour waits until it is there")]));
}

/** `run` leaves a faulty resource out and goes on; whoever checks wants to hear of it. */
async function faultsOfResources(files: readonly string[], io: CliIo): Promise<readonly ConfigFault[]> {
  const { readResources } = await import("./manifests.ts");
  const { store, unread } = await readResources(files, io);
  return [...unread, ...store.faults.map(({ kind, name, field, why }) =>
    unreadableFile(`${kind} ${name}`, field === "" ? why : `${field}: ${why}`, "it is left out until it is correct"))];
}
