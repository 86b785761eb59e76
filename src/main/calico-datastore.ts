/** Where Calico's resources are, by configuration and by Calico's own environment. */

import { unreachable } from "../base/assert.ts";
import type { Instant } from "../base/ports.ts";
import type { Datastore, Timers } from "../calico/datastore/datastore.ts";
import { FilesDatastore } from "../calico/datastore/files/files.ts";
import { apiGroupOf } from "../calico/datastore/kubernetes/api-group.ts";
import { KubernetesDatastore } from "../calico/datastore/kubernetes/datastore.ts";
import { kubeconfigAccess } from "../calico/datastore/kubernetes/kubeconfig.ts";
import { podNamespace, serviceAccount } from "../calico/datastore/kubernetes/service-account.ts";
import type { DatastoreKind } from "../calico/translate/view.ts";
import type { CalicoSettings } from "../config/settings.ts";
import type { CliIo } from "../control/cli-io.ts";
import { systemClock, systemRandom, systemScheduler } from "../daemon/system-clock.ts";
import { choiceOf } from "./datastore-choice.ts";

/** The system's time. */
export const systemTimers: Timers = {
  after: (milliseconds, run) => systemScheduler.at((systemClock.now() + milliseconds) as Instant, run),
  random: systemRandom,
};

/** A datastore that nobody listens to yet. */
export interface OpenDatastore { readonly kind: DatastoreKind; readonly datastore: Datastore }

/** Opens the one that is meant; or says in a line why that cannot be. */
export async function openDatastore(calico: CalicoSettings, { env }: Pick<CliIo, "env">):
  Promise<OpenDatastore | { readonly refused: string }> {
  const kind = choiceOf(calico, env)?.datastore;
  switch (kind) {
    case "files":
      if (calico.files.length === 0) return { refused: "the files datastore has no files (add calico.files)" };
      return { kind, datastore: new FilesDatastore({ paths: calico.files, timers: systemTimers }) };
    case "kubernetes": return { kind, datastore: await kubernetes(calico, env) };
    case "etcd": return { refused: 'DATASTORE_TYPE: etcd is not read in this version (use "kubernetes")' };
    case undefined: return { refused: "the configuration has no datastore (add calico.datastore)" };
    default: return unreachable(kind, "openDatastore");
  }
}

async function kubernetes({ kubeconfig, namespace }: CalicoSettings, env: CliIo["env"]): Promise<Datastore> {
  const path = kubeconfig ?? env["KUBECONFIG"];
  return new KubernetesDatastore({
    access: path ? kubeconfigAccess(path) : serviceAccount(env),
    namespace: namespace ?? (env["NAMESPACE"] || await podNamespace() || "kube-system"),
    apiGroup: apiGroupOf(env["CALICO_API_GROUP"]),
    timers: systemTimers,
  });
}
