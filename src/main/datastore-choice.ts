/**
 * Which datastore the verbs mean. Rule: that of `--config FILE`; without it that of the running daemon; without one
 * that of Calico's environment.
 */

import { printableText } from "../base/printable.ts";
import type { CalicoStatus } from "../calico/translate/view.ts";
import type { CalicoSettings, EtcdSettings } from "../config/settings.ts";
import { EXIT } from "../control/cli-io.ts";
import type { CliIo, ResourceRequest } from "../control/cli-io.ts";
import { askCalicoStatus } from "../control/client.ts";
import { clientSocketPaths } from "../control/socket-path.ts";
import { complain, readFile } from "./files.ts";

/** A datastore by its kind, and what the configuration says of it. */
export interface DatastoreChoice {
  readonly datastore: "kubernetes" | "etcd" | "files";
  readonly files: readonly string[];
  /** Undefined: as the environment says, as with etcd. */
  readonly kubeconfig: string | undefined;
  /** Undefined: as the environment says. */
  readonly etcd: EtcdSettings | undefined;
}

/** The choice, or the exit code after what is wrong was said. */
export async function chosenDatastore(
  { verb, config, socket }: Pick<ResourceRequest, "verb" | "config" | "socket">, io: CliIo,
): Promise<DatastoreChoice | number> {
  const say = (why: string, code: number): number => {
    io.stderr.write(`reflectd: ${verb}: ${printableText(why)}\n`);
    return code;
  };
  if (config !== undefined) {
    const read = await readFile(config);
    if ("faults" in read) {
      complain(read.faults, io);
      return EXIT.failed;
    }
    return choiceOf(read.settings.calico, io.env)
      ?? say("the configuration has no datastore (add calico.datastore)", EXIT.failed);
  }
  const status = await askCalicoStatus(clientSocketPaths(socket, io));
  if (status !== undefined && "datastore" in status) return choiceOfDaemon(status);
  const choice = choiceOf(undefined, io.env);
  if (choice !== undefined) return choice;
  const todo = "(give --config FILE, or set DATASTORE_TYPE)";
  if (status === undefined) return say(`the daemon is not in Calico mode ${todo}`, EXIT.failed);
  return say(`no datastore is known: ${status.unreachable} ${todo}`, EXIT.unreachable);
}

/** Values of DATASTORE_TYPE, calicoctl's and our own. */
const TYPES: ReadonlyMap<string, DatastoreChoice["datastore"]> = new Map([
  ["kubernetes", "kubernetes"], ["etcdv3", "etcd"], ["etcd", "etcd"], ["files", "files"],
]);

/** By the `calico` of a configuration and the environment; undefined where neither names one. */
export function choiceOf(
  calico: Pick<CalicoSettings, "datastore" | "files" | "kubeconfig" | "etcd"> | undefined, env: CliIo["env"],
): DatastoreChoice | undefined {
  const files = calico?.files ?? [];
  const byEnvironment = TYPES.get((env["DATASTORE_TYPE"] ?? "").toLowerCase());
  const datastore = calico?.datastore ?? (files.length > 0 ? "files" : byEnvironment);
  return datastore === undefined ? undefined
    : { datastore, files, kubeconfig: calico?.kubeconfig, etcd: calico?.etcd };
}

/** By the status of a daemon in Calico mode, which does not tell how it gets into Kubernetes or etcd. */
function choiceOfDaemon({ datastore: { kind, files = [] } }: CalicoStatus): DatastoreChoice {
  return { datastore: kind, files, kubeconfig: undefined, etcd: undefined };
}
