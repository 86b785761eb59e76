/**
 * What the operator says about the program, as opposed to the network: where it can be asked, what it logs, what it
 * does to the kernel. The network's part is the Intent. Everything is resolved: defaults are filled in.
 */

import type { ListenAddress, ProgramClusterRoutes } from "./intent.ts";

/** Everything of the configuration file that is not the Intent. */
export interface Settings {
  readonly control: ControlSettings;
  /** Metrics, health and read-only pages; false: none. */
  readonly http: HttpSettings | false;
  readonly log: LogSettings;
  readonly kernel: KernelSettings;
  /** Undefined: no Calico mode. */
  readonly calico: CalicoSettings | undefined;
  readonly metrics: MetricsSettings;
  readonly restart: RestartSettings;
  /** The same as the Intent's `speaker.onStop`. */
  readonly onStop: "restart" | "shutdown";
}

/** The control socket. */
export interface ControlSettings {
  /** Path; undefined: the default socket. */
  readonly socket: string | undefined;
  /** Name or number of the group that may use the socket; undefined: the process's own. */
  readonly group: string | undefined;
  /** Paths of BIRD's control protocol for IPv4 and IPv6, or none. */
  readonly birdSockets: readonly [ipv4: string, ipv6: string] | false;
}

/** Where the HTTP pages are served. */
export interface HttpSettings {
  readonly address: string;
  /** 0 asks the system for a free port. */
  readonly port: number;
}

/** How much is logged, least to most. */
export type LogLevel = "error" | "warn" | "info" | "debug";

/** One line per event on the standard error output. */
export interface LogSettings {
  /** Undefined, in Calico mode only: as the BGPConfiguration's logSeverityScreen has it. */
  readonly level: LogLevel | undefined;
  /** Undefined: text on a terminal, json otherwise. */
  readonly format: "json" | "text" | undefined;
}

/** Kernel routes. */
export interface KernelSettings {
  readonly enabled: boolean;
  /** Routing table number. */
  readonly table: number;
  /** rtm_protocol of our routes. */
  readonly protocol: number;
  /** Undefined: the kernel's default. */
  readonly metric: number | undefined;
  readonly onStop: "keep" | "remove";
  readonly learn: boolean;
  /** Time between two repair scans. */
  readonly scanSeconds: number;
  readonly ecmp: boolean;
  /** What is written for a best path that no next hop leads to. */
  readonly unresolved: "unreachable" | "prohibit" | "blackhole" | "none";
  /** One address of a family at most. */
  readonly preferredSource: readonly string[];
}

/** Whether the series of single neighbours are exported. */
export interface MetricsSettings {
  readonly perPeer: boolean;
}

/** What outlives the process, and how long a start after a crash holds announcements back. */
export interface RestartSettings {
  /** Folder of the state file; undefined: the service's own, else that of the control socket. */
  readonly stateDirectory: string | undefined;
  /** Selection_Deferral_Timer (RFC 4724 §4.1). */
  readonly selectionDeferralSeconds: number;
}

/** The section `calico`. Undefined members take Calico's own environment names (DATASTORE_TYPE, NODENAME, …). */
export interface CalicoSection {
  readonly datastore: "kubernetes" | "etcd" | "files" | undefined;
  readonly files: readonly string[];
  readonly kubeconfig: string | undefined;
  readonly etcd: EtcdSettings | undefined;
  readonly nodeName: string | undefined;
  readonly node: CalicoNodeSettings | undefined;
  readonly publishNode: boolean;
  readonly namespace: string | undefined;
  /** Undefined: what the BGPConfiguration says. */
  readonly programClusterRoutes: ProgramClusterRoutes | undefined;
  readonly holdTimeSeconds: number;
}

/** Calico mode: its section, and what the top of the file says in place of the resources. */
export interface CalicoSettings extends CalicoSection {
  /** Unsigned 32 bits. */
  readonly routerId: number | undefined;
  readonly listen: readonly ListenAddress[] | undefined;
}

/** How etcd is reached. */
export interface EtcdSettings {
  readonly endpoints: readonly string[];
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly username: string | undefined;
  readonly passwordFile: string | undefined;
}

/** Stands in for the Node object of a host that is no Calico node. */
export interface CalicoNodeSettings {
  /** Address, with or without the length of its network. */
  readonly ipv4Address: string | undefined;
  readonly ipv6Address: string | undefined;
  readonly asNumber: number | undefined;
  /** Unsigned 32 bits. */
  readonly routeReflectorClusterID: number | undefined;
  readonly labels: ReadonlyMap<string, string>;
}
