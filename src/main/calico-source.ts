/** Calico mode in this process: who we are by configuration, environment and host. */

import { resolve } from "node:path";
import { sameValue } from "../base/same.ts";
import { WorkloadFolder } from "../calico/datastore/workloads.ts";
import { ownNodeOf } from "../calico/own-node.ts";
import { CalicoSource } from "../calico/source.ts";
import type { Identity } from "../calico/source.ts";
import type { Report } from "../calico/status-reporter.ts";
import type { CalicoSettings, Settings } from "../config/settings.ts";
import type { CliIo } from "../control/cli-io.ts";
import type { IntentSource } from "../daemon/follower.ts";
import type { LevelledLog } from "../daemon/log.ts";
import { systemClock } from "../daemon/system-clock.ts";
import { openDatastore, secretNamespace, systemTimers } from "./calico-datastore.ts";
import { addressesOfHost, endpointStatusFolder, hostFacts, nodeNameOfHost } from "./calico-host.ts";

/** Follows the datastore, and may report to it. */
export interface CalicoIntentSource extends IntentSource {
  /** Says how to answer what CalicoNodeStatus asks; before the start. */
  reportBy(report: Report): void;
}

/** The source of a daemon in Calico mode; or why there cannot be one, in a line. */
export async function calicoSource(settings: Settings, calico: CalicoSettings, io: CliIo, log: LevelledLog):
  Promise<CalicoIntentSource | { readonly refused: string }> {
  const hostName = await nodeNameOfHost(io);
  const open = await openDatastore(calico, calico.nodeName ?? hostName, io);
  if ("refused" in open) return open;
  const namespace = await secretNamespace(calico, io.env);
  // Of block affinities etcd is asked for the node's own.
  const ofDatastore = open.kind === "etcd" ? [...OF_DATASTORE, "nodeName"] as const : OF_DATASTORE;
  const identityOf = (of: CalicoSettings, { onStop }: Settings): Identity => {
    const nodeName = of.nodeName ?? hostName;
    const { holdTimeSeconds, routerId, listen, node, programClusterRoutes } = of;
    const said = of.publishNode ? addressesOfHost(io) : undefined;
    const ownNode = node && ownNodeOf(nodeName,
      { ...node, ipv4Address: node.ipv4Address ?? said?.ipv4, ipv6Address: node.ipv6Address ?? said?.ipv6 });
    const host = { ...hostFacts(nodeName, io), ownNode, secretNamespace: namespace, programClusterRoutes };
    return { host, settings: { holdTimeSeconds, onStop, routerId, listen } };
  };
  let inForce = calico;
  const source = new CalicoSource({
    ...open, identity: identityOf(calico, settings), timers: systemTimers,
    workloads: new WorkloadFolder(endpointStatusFolder(io), systemTimers), publishesNode: calico.publishNode,
    wallMilliseconds: () => systemClock.wallMilliseconds(), log,
    // What the file says of the log goes before what the cluster says.
    ...(settings.log.level === undefined ? { onLogSeverity: (severity) => levelLog(log, severity) } : {}),
  });
  return {
    get intent() { return source.intent; },
    get nodePlan() { return source.nodePlan; },
    get settings() { return inForce; },
    reportBy: (report) => source.reportBy(report),
    start: (onIntent) => source.start(onIntent),
    stop: () => source.stop(),
    status() {
      const status = source.status();
      if (open.kind !== "files") return status;
      // A command that writes there may run in another folder.
      return { ...status, datastore: { ...status.datastore, files: inForce.files.map((file) => resolve(file)) } };
    },
    reconfigure(next) {
      const wanted = next.calico ?? inForce;
      const kept = Object.fromEntries(ofDatastore.map((key) => [key, inForce[key]])) as Partial<CalicoSettings>;
      const needsRestart = ofDatastore.filter((key) => !sameValue(wanted[key], inForce[key]));
      inForce = { ...wanted, ...kept };
      source.become(identityOf(inForce, next));
      return needsRestart.map((key) => `calico.${key}`);
    },
  };
}

/** What a datastore is opened with: another one takes a restart. */
const OF_DATASTORE = ["datastore", "files", "kubeconfig", "etcd", "namespace", "publishNode"] as const;

/** Calico's words for how much is logged, and ours. */
const LOG_LEVELS = {
  trace: "debug", debug: "debug", info: "info", warning: "warn", error: "error", fatal: "error",
} as const;

/** Says it as long as it can be heard. */
function levelLog(log: LevelledLog, severity: keyof typeof LOG_LEVELS = "info"): void {
  const level = LOG_LEVELS[severity];
  log.write("info", "log-level", { level, logSeverityScreen: severity });
  log.become(level);
}
