/** Where Calico's resources are, by configuration and by Calico's own environment. */

import { unreachable } from "../base/assert.ts";
import type { Instant } from "../base/ports.ts";
import type { Datastore, Timers } from "../calico/datastore/datastore.ts";
import { readAccess } from "../calico/datastore/etcd/access.ts";
import { EtcdDatastore } from "../calico/datastore/etcd/etcd.ts";
import { FilesDatastore } from "../calico/datastore/files/files.ts";
import { apiGroupOf } from "../calico/datastore/kubernetes/api-group.ts";
import { KubernetesDatastore } from "../calico/datastore/kubernetes/datastore.ts";
import type { KubernetesOptions } from "../calico/datastore/kubernetes/datastore.ts";
import { kubeconfigAccess } from "../calico/datastore/kubernetes/kubeconfig.ts";
import { KubernetesReader } from "../calico/datastore/kubernetes/reader.ts";
import { podNamespace, serviceAccount } from "../calico/datastore/kubernetes/service-account.ts";
import { withSecrets } from "../calico/datastore/with-secrets.ts";
import type { DatastoreKind } from "../calico/translate/view.ts";
import type { CalicoSettings, EtcdSettings } from "../config/settings.ts";
import type { CliIo } from "../control/cli-io.ts";
import { systemClock, systemRandom, systemScheduler } from "../daemon/system-clock.ts";
import { SECRET_NAMESPACE } from "./calico-host.ts";
import { choiceOf } from "./datastore-choice.ts";

/** The system's time. */
export const systemTimers: Timers = {
  after: (milliseconds, run) => systemScheduler.at((systemClock.now() + milliseconds) as Instant, run),
  random: systemRandom,
};

/** A datastore that nobody listens to yet. */
export interface OpenDatastore { readonly kind: DatastoreKind; readonly datastore: Datastore }

/** Opens the one that is meant, for the node of that name; or says in a line why that cannot be. */
export async function openDatastore(calico: CalicoSettings, nodeName: string, { env }: Pick<CliIo, "env">):
  Promise<OpenDatastore | { readonly refused: string }> {
  const kind = choiceOf(calico, env)?.datastore;
  switch (kind) {
    case "files":
      if (calico.files.length === 0) return { refused: "the files datastore has no files (add calico.files)" };
      return { kind, datastore: new FilesDatastore({ paths: calico.files, timers: systemTimers }) };
    case "kubernetes": return { kind, datastore: await kubernetes(calico, env) };
    case "etcd": {
      const settings = etcdSettings(calico.etcd, env);
      if (settings.endpoints.length === 0) return { refused: "etcd has no endpoints (add calico.etcd.endpoints)" };
      return { kind, datastore: await andSecrets(openEtcd(settings, nodeName), calico, env) };
    }
    case undefined: return { refused: "the configuration has no datastore (add calico.datastore)" };
    default: return unreachable(kind, "openDatastore");
  }
}

/**
 * What keeps the datastore from being asked that its own files say: a kubeconfig, certificates, a password. Undefined
 * where they are good, and where there are none; nobody is asked.
 */
export async function whyNoAccess(calico: CalicoSettings, { env }: Pick<CliIo, "env">): Promise<string | undefined> {
  const kind = choiceOf(calico, env)?.datastore;
  if (kind === "etcd") {
    const access = await readAccess(etcdSettings(calico.etcd, env));
    return typeof access === "string" ? access : undefined;
  }
  const kubeconfig = kind === "kubernetes" ? calico.kubeconfig ?? env["KUBECONFIG"] : undefined;
  const access = kubeconfig ? await kubeconfigAccess(kubeconfig)() : undefined;
  return access !== undefined && "fault" in access ? access.fault : undefined;
}

/** etcd for one node, or for all where none is named. */
export function openEtcd(settings: EtcdSettings, nodeName: string | undefined): EtcdDatastore {
  const now = (): string => new Date(systemClock.wallMilliseconds()).toISOString();
  return new EtcdDatastore({ settings, nodeName, timers: systemTimers, now });
}

/** The Kubernetes API as `get` reads it. */
export function openKubernetesReader(kubeconfig: string | undefined, env: CliIo["env"]): KubernetesReader {
  return new KubernetesReader({ ...kubernetesApi(kubeconfig, env), timers: systemTimers });
}

/** The configuration's, key by key completed by Calico's environment; an empty text there says nothing. */
export function etcdSettings(given: EtcdSettings | undefined, env: CliIo["env"]): EtcdSettings {
  const { endpoints = [], ca, cert, key, username, passwordFile } = given ?? {};
  const said = (name: string): string | undefined => env[name] || undefined;
  const others = said("ETCD_ENDPOINTS")?.split(",").map((text) => text.trim()) ?? [];
  return {
    endpoints: endpoints.length > 0 ? endpoints : others,
    ca: ca ?? said("ETCD_CA_CERT_FILE"), cert: cert ?? said("ETCD_CERT_FILE"), key: key ?? said("ETCD_KEY_FILE"),
    username, passwordFile,
  };
}

/** The namespace of the Secrets. */
export async function secretNamespace({ namespace }: CalicoSettings, env: CliIo["env"]): Promise<string> {
  return namespace ?? (env["NAMESPACE"] || await podNamespace() || SECRET_NAMESPACE);
}

/** Where there is a way to Kubernetes, Secrets come from there. */
async function andSecrets(datastore: Datastore, calico: CalicoSettings, env: CliIo["env"]): Promise<Datastore> {
  const isReachable = Boolean(calico.kubeconfig ?? (env["KUBECONFIG"] || env["KUBERNETES_SERVICE_HOST"]));
  return isReachable ? withSecrets(datastore, await kubernetes(calico, env, true)) : datastore;
}

async function kubernetes(calico: CalicoSettings, env: CliIo["env"], isForSecrets = false): Promise<Datastore> {
  return new KubernetesDatastore({
    isForSecrets, ...kubernetesApi(calico.kubeconfig, env),
    namespace: await secretNamespace(calico, env), timers: systemTimers,
  });
}

function kubernetesApi(kubeconfig: string | undefined, env: CliIo["env"]):
  Pick<KubernetesOptions, "access" | "apiGroup"> {
  const path = kubeconfig ?? env["KUBECONFIG"];
  return { access: path ? kubeconfigAccess(path) : serviceAccount(env), apiGroup: apiGroupOf(env["CALICO_API_GROUP"]) };
}
