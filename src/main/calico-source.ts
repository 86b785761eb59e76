/** Calico mode in this process: who we are by configuration, environment and host, and where the resources are. */

import { resolve } from "node:path";
import type { Instant } from "../base/ports.ts";
import { sameValue } from "../base/same.ts";
import type { Datastore, Timers } from "../calico/datastore/datastore.ts";
import { FilesDatastore } from "../calico/datastore/files/files.ts";
import { ownNodeOf } from "../calico/own-node.ts";
import { CalicoSource } from "../calico/source.ts";
import type { Identity } from "../calico/source.ts";
import type { CalicoSettings, Settings } from "../config/settings.ts";
import type { CliIo } from "../control/cli-io.ts";
import type { IntentSource } from "../daemon/follower.ts";
import type { Log } from "../daemon/log.ts";
import { systemClock, systemRandom, systemScheduler } from "../daemon/system-clock.ts";
import { hostFacts, nodeNameOfHost } from "./calico-host.ts";

const systemTimers: Timers = {
  after: (milliseconds, run) => systemScheduler.at((systemClock.now() + milliseconds) as Instant, run),
  random: systemRandom,
};

/** The source of a daemon in Calico mode. */
export async function calicoSource(settings: Settings, calico: CalicoSettings, io: CliIo, log: Log):
  Promise<IntentSource> {
  const hostName = await nodeNameOfHost(io);
  const identityOf = (of: CalicoSettings, { onStop }: Settings): Identity => {
    const nodeName = of.nodeName ?? hostName;
    const { holdTimeSeconds, routerId, listen, node } = of;
    const ownNode = node === undefined ? undefined : ownNodeOf(nodeName, node);
    return { host: { ...hostFacts(nodeName, io), ownNode }, settings: { holdTimeSeconds, onStop, routerId, listen } };
  };
  let inForce = calico;
  const source = new CalicoSource({
    kind: "files", datastore: datastoreOf(calico), identity: identityOf(calico, settings), timers: systemTimers,
    wallMilliseconds: () => systemClock.wallMilliseconds(), log,
  });
  return {
    get intent() { return source.intent; },
    get settings() { return inForce; },
    start: (onIntent) => source.start(onIntent),
    stop: () => source.stop(),
    status() {
      const status = source.status();
      // A command that writes there may run in another folder.
      return { ...status, datastore: { ...status.datastore, files: inForce.files.map((file) => resolve(file)) } };
    },
    reconfigure(next) {
      const wanted = next.calico ?? inForce;
      const kept = Object.fromEntries(OF_DATASTORE.map((key) => [key, inForce[key]])) as Partial<CalicoSettings>;
      const needsRestart = OF_DATASTORE.filter((key) => !sameValue(wanted[key], inForce[key]));
      inForce = { ...wanted, ...kept };
      source.become(identityOf(inForce, next));
      return needsRestart.map((key) => `calico.${key}`);
    },
  };
}

/** What a datastore is opened with: another one takes a restart. */
const OF_DATASTORE = ["datastore", "files", "kubeconfig", "etcd", "namespace", "publishNode"] as const;

/** The configuration's reader lets only files through in this version. */
function datastoreOf({ files }: CalicoSettings): Datastore {
  return new FilesDatastore({ paths: files, timers: systemTimers });
}
