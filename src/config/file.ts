/** The top of the configuration file: one row per key, and the JSON Schema that all the tables make. */

import { calico } from "./calico.ts";
import { BGP_PORT, DEFAULT_AS_NUMBER } from "./intent.ts";
import type { ListenAddress, OriginatedRoute } from "./intent.ts";
import { defaulted, fault, list, located, mapped, memberOf, needed, object, optional } from "./kind.ts";
import type { Keys, Kind, Located, ObjectKind, Schema } from "./kind.ts";
import { neighbor } from "./neighbor.ts";
import type { NeighborFile } from "./neighbor.ts";
import { originate } from "./originate.ts";
import { control, http, httpOn, kernel, log, metrics, restart } from "./program.ts";
import type { ControlFile, KernelFile } from "./program.ts";
import { asNumber, identifier, listenPort, localAddress, oneOf, text } from "./scalars.ts";
import type { CalicoSection, HttpSettings, LogSettings, MetricsSettings, RestartSettings } from "./settings.ts";

/** The whole file. */
export interface ConfigurationFile {
  readonly $schema: string | undefined;
  readonly routerId: number | undefined;
  /** Undefined where it is wrong or missing. */
  readonly asNumber: number | undefined;
  readonly clusterId: number | undefined;
  readonly listen: readonly ListenAddress[];
  readonly neighbors: readonly Located<NeighborFile>[];
  readonly originate: readonly OriginatedRoute[];
  readonly onStop: "restart" | "shutdown";
  readonly control: ControlFile;
  readonly http: HttpSettings | false;
  readonly log: LogSettings;
  readonly metrics: MetricsSettings;
  readonly restart: RestartSettings;
  readonly kernel: KernelFile;
  readonly calico: CalicoSection | undefined;
}

interface ListenFile { readonly address: string | undefined; readonly port: number }
const LISTEN: Keys<ListenFile> = {
  address: needed(localAddress, "The address to accept connections on"),
  port: defaulted(listenPort, BGP_PORT, "The port; 0 takes a free one"),
};
const BOTH_WILDCARDS: readonly ListenAddress[] = ["0.0.0.0", "::"].map((address) => ({ address, port: BGP_PORT }));

const listen: Kind<readonly ListenAddress[]> = mapped(
  list(located(object(LISTEN)), "addresses"),
  (files: readonly Located<ListenFile>[]) => {
    const seen = new Set<string>();
    return files.map(({ value: { address = "", port }, at }) => {
      const key = `${address} port ${port}`;
      if (seen.has(key) && port !== 0) fault(memberOf(at, "address"), `${key} is given twice`, "remove one of the two");
      seen.add(key);
      return { address, port };
    });
  },
);

const FILE: Keys<ConfigurationFile> = {
  $schema: optional(text(4096, "a URL"), "none", "For editors: where reflectd.schema.json is"),
  routerId: optional(identifier, "needed; in Calico mode from the node", "BGP Identifier, written as an IPv4 address"),
  asNumber: optional(asNumber, `${DEFAULT_AS_NUMBER}`, "Our AS number"),
  clusterId: optional(identifier, "routerId", "Cluster id (RFC 4456 §7); Calico's routeReflectorClusterID"),
  listen: defaulted(listen, BOTH_WILDCARDS, "Where connections are accepted; [] only dials"),
  neighbors: defaulted(list(neighbor, "neighbours"), [], "The neighbours"),
  originate: defaulted(originate, [], "Routes of our own"),
  onStop: defaulted(oneOf(["restart", "shutdown"]), "restart", "What SIGTERM means: back soon, or goodbye"),
  control: defaulted(control, control.empty, "The control socket"),
  http: defaulted(http, httpOn.empty, "Metrics, health and read-only pages; false for none"),
  log: defaulted(log, log.empty, "The log"),
  metrics: defaulted(metrics, metrics.empty, "The metrics"),
  restart: defaulted(restart, restart.empty, "What is remembered over a restart"),
  kernel: defaulted(kernel, kernel.empty, "Kernel routes"),
  calico: optional(calico, "no Calico mode", "Calico mode: neighbours and filters are those of Calico's resources"),
};

/** The kind of the whole file. */
export const configurationFile: ObjectKind<ConfigurationFile> = object(FILE);

/** The JSON Schema (draft 7, which every editor knows). It cannot say everything: `reflectd check` does. */
export function configurationSchema(): Schema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Configuration of reflectd",
    ...configurationFile.schema,
    anyOf: [{ required: ["routerId"] }, { required: ["calico"] }],
  };
}

/** The schema as the text of `reflectd.schema.json`. */
export function schemaText(): string {
  return `${JSON.stringify(configurationSchema(), schemaValue, 2)}\n`;
}

/** Defaults are our own values; a map of labels is an object in the file. */
function schemaValue(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}
