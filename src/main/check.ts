/** `check`: reads a configuration, and the resources that it names, and says what is wrong with them. */

import { given } from "../base/given.ts";
import type { ResourceFault } from "../calico/resources/model.ts";
import { unreadableFile } from "../config/fault.ts";
import type { ConfigFault } from "../config/fault.ts";
import type { Intent } from "../config/intent.ts";
import type { CalicoSettings, Settings } from "../config/settings.ts";
import { EXIT } from "../control/cli-io.ts";
import type { CliHandlers, CliIo } from "../control/cli-io.ts";
import { complain, readFile } from "./files.ts";
import { withPasswords } from "./passwords.ts";

/** Resolves with the exit code: failed where there is a fault that is more than a note. */
export const check: CliHandlers["check"] = async ({ config, output }, io) => {
  const read = await withPasswords(await readFile(config));
  const faults = "faults" in read ? read.faults : [...faultsOfPasswords(read.intent),
    ...(read.settings.calico === undefined ? [] : await faultsOfCalico(read.settings.calico, io))];
  const isGood = faults.every(({ note }) => note === true);
  if (output === "json") io.stdout.write(`${JSON.stringify({ faults }, undefined, 2)}\n`);
  else if (output === "jsonl") for (const fault of faults) io.stdout.write(`${JSON.stringify(fault)}\n`);
  else {
    complain(faults, io);
    if (isGood && "intent" in read) io.stdout.write(`${config}: ${countsOf(read)}, no fault\n`);
  }
  return isGood ? EXIT.done : EXIT.failed;
};

function countsOf({ intent, settings }: { readonly intent: Intent; readonly settings: Settings }): string {
  if (settings.calico !== undefined) return "Calico mode";
  return `${intent.peers.length} neighbours, ${intent.originated.length} routes of our own`;
}

/** `run` has such a neighbour wait and goes on. */
function faultsOfPasswords({ peers }: Intent): readonly ConfigFault[] {
  return peers.flatMap(({ name, password }) => (password === undefined || !("missing" in password) ? []
    : [unreadableFile(`password of ${name}`, password.missing, "the neighbour waits until it is there")]));
}

async function faultsOfCalico(calico: CalicoSettings, io: CliIo): Promise<readonly ConfigFault[]> {
  const { whyNoAccess } = await import("./calico-datastore.ts");
  const why = await whyNoAccess(calico, io);
  return [...(why === undefined ? [] : [unreadableFile("calico", why, "nothing begins until it can be used")]),
    ...await faultsOfResources(calico.files, io)];
}

/** `run` leaves a faulty resource out and goes on; whoever checks wants to hear of it. */
async function faultsOfResources(files: readonly string[], io: CliIo): Promise<readonly ConfigFault[]> {
  const { readResources } = await import("./manifests.ts");
  const { Collisions } = await import("../calico/translate/collisions.ts");
  const { store, repeated, unread } = await readResources(files, io);
  return [...unread,
    ...repeated.map((fault) => configFault(fault, "remove one of the two")),
    ...store.faults.map((fault) => configFault(fault, "it is left out until it is correct")),
    ...new Collisions().of(store.resources).map((fault) => configFault(fault, "correct it, or the other"))];
}

function configFault({ kind, name, field, why, note }: ResourceFault, todo: string): ConfigFault {
  const text = field === "" ? why : `${field}: ${why}`;
  return { ...unreadableFile(`${kind} ${name}`, text, note === undefined ? todo : "it counts as it is"),
    ...given({ note }) };
}
