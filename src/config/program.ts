/** The keys of the file that make the Settings: control, http, log, kernel, metrics, restart. */

import { defaulted, fault, list, mapped, object, optional, orFalse } from "./kind.ts";
import type { Keys, Kind, ObjectKind } from "./kind.ts";
import type {
  ControlSettings, HttpSettings, KernelSettings, LogSettings, MetricsSettings, RestartSettings,
} from "./settings.ts";
import { flag, hostAddress, listenPort, localAddress, oneOf, path, text, whole } from "./scalars.ts";

/** `control` as the file says it: whether there are BIRD sockets depends on the mode. */
export type ControlFile = Omit<ControlSettings, "birdSockets"> & {
  readonly birdSockets: ControlSettings["birdSockets"] | undefined;
};

/** `kernel` as the file says it: the protocol's default depends on the mode. */
export type KernelFile = Omit<KernelSettings, "protocol"> & { readonly protocol: number | undefined };

const birdSockets: Kind<readonly [string, string]> = mapped(list(path, "paths", 2, 2), ([ipv4 = "", ipv6 = ""]) => {
  return [ipv4, ipv6] as const;
});

/** An IPv4 address, an IPv6 address, or both. */
const preferredSource: Kind<readonly string[]> = mapped(list(hostAddress, "addresses", 0, 2), (addresses, at) => {
  const zoned = addresses.find((address) => address.includes("%"));
  if (zoned !== undefined) return fault(at, `${zoned} has a zone`, "give an address that is good on every link");
  const [first, second] = addresses.map((address) => address.includes(":"));
  if (first !== second || addresses.length < 2) return addresses;
  return fault(at, `two addresses of one family: ${addresses.join(", ")}`, "leave one out");
});

const CONTROL: Keys<ControlFile> = {
  socket: optional(
    path, "/run/reflectd/reflectd.sock for root, else in a folder of the user", "Path of the control socket"),
  group: optional(text(64, "a group"), "the group of the process", "Group that may use the socket, by name or number"),
  birdSockets: optional(
    orFalse(birdSockets), "/var/run/calico/bird.ctl and bird6.ctl in Calico mode, else false",
    "Paths of BIRD's control protocol, read-only, for IPv4 and IPv6"),
};

const HTTP: Keys<HttpSettings> = {
  address: defaulted(localAddress, "127.0.0.1", "Address to listen on"),
  port: defaulted(listenPort, 9179, "Port to listen on; 0 takes a free one"),
};

const LOG: Keys<LogSettings> = {
  level: optional(oneOf(["error", "warn", "info", "debug"]),
    "info; in Calico mode logSeverityScreen of the BGPConfiguration", "How much is logged"),
  format: optional(oneOf(["json", "text"]), "text on a terminal, json otherwise", "Form of a line"),
};

const KERNEL: Keys<KernelFile> = {
  enabled: defaulted(flag, false, "Writes routes to the kernel, and follows it"),
  table: defaulted(whole(1, 0xffffffff), 254, "Routing table"),
  // 0 to 4 belong to the kernel, to the boot scripts and to the administrator: their routes are not ours to remove.
  protocol: optional(whole(5, 255), "12 in Calico mode, 186 otherwise", "Protocol number that marks our routes"),
  metric: optional(whole(0, 0xffffffff), "the kernel's own", "Metric of our routes"),
  onStop: defaulted(oneOf(["keep", "remove"]), "keep", "What happens to our routes when the program stops"),
  learn: defaulted(flag, true, "Takes routes of the kernel into account"),
  scanSeconds: defaulted(whole(1, 86400, "seconds"), 30, "Time between two repair scans"),
  ecmp: defaulted(flag, false, "Writes several next hops"),
  unresolved: defaulted(oneOf(["unreachable", "prohibit", "blackhole", "none"]), "unreachable",
    "What a best path becomes whose next hop cannot be reached"),
  preferredSource: defaulted(preferredSource, [], "Source addresses of what the host sends by our routes"),
};

const METRICS: Keys<MetricsSettings> = {
  perPeer: defaulted(flag, true, "Series of single neighbours; switch off with thousands of them"),
};

const RESTART: Keys<RestartSettings> = {
  stateDirectory: optional(
    path, "$STATE_DIRECTORY, which systemd sets; else the folder of the control socket", "Folder of the state file"),
  selectionDeferralSeconds: defaulted(
    whole(1, 3600, "seconds"), 15, "How long a start after a crash waits for End-of-RIB of who was there, at most"),
};

/** The kind of `control`. */
export const control: ObjectKind<ControlFile> = object(CONTROL);
/** The kind of `http` that is not false. */
export const httpOn: ObjectKind<HttpSettings> = object(HTTP);
/** The kind of `http`. */
export const http: Kind<HttpSettings | false> = orFalse(httpOn);
/** The kind of `log`. */
export const log: ObjectKind<LogSettings> = object(LOG);
/** The kind of `kernel`. */
export const kernel: ObjectKind<KernelFile> = object(KERNEL);
/** The kind of `metrics`. */
export const metrics: ObjectKind<MetricsSettings> = object(METRICS);
/** The kind of `restart`. */
export const restart: ObjectKind<RestartSettings> = object(RESTART);
