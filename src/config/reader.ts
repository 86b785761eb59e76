/**
 * Reads the configuration file. Rule: either every value is right and resolved, or the answer is every mistake; no
 * mistake is passed over, and no key is accepted and then ignored.
 */

import { FaultList } from "./fault.ts";
import type { ConfigFault } from "./fault.ts";
import { configurationFile } from "./file.ts";
import type { ConfigurationFile } from "./file.ts";
import { DEFAULT_AS_NUMBER } from "./intent.ts";
import type { Intent } from "./intent.ts";
import { parseJson } from "./json.ts";
import { fault, memberOf } from "./kind.ts";
import type { At } from "./kind.ts";
import { toPeerIntents } from "./peers.ts";
import type { Settings } from "./settings.ts";

/** What a configuration file says, or everything that is wrong with it. */
export type Configuration =
  | { readonly settings: Settings; readonly intent: Intent }
  | { readonly faults: readonly ConfigFault[] };

/** Reads the text of a configuration file; `fileName` is only shown. Never throws, whatever the text. */
export function readConfiguration(text: string, fileName: string): Configuration {
  const faults = new FaultList(fileName, text);
  const node = parseJson(text, faults);
  if (node === undefined) return { faults: faults.all() };
  const at: At = { node, path: "$", faults };
  const wrong = new Set<string>();
  const file = configurationFile.readNoting(at, wrong);
  if (file === undefined) return { faults: faults.all() };
  const isCalico = memberOf(at, "calico") !== at;
  if (isCalico) noteOfResources(at);
  const isRouterIdNeeded = file.routerId === undefined && !wrong.has("routerId") && !isCalico;
  if (isRouterIdNeeded) fault(at, '"routerId" is missing', 'add "routerId": an IPv4 address of this host');
  const intent = isCalico ? idleIntent(file) : toIntent(file, wrong);
  if (faults.count > 0) return { faults: faults.all() };
  return { settings: toSettings(file, memberOf(at, "listen") !== at), intent };
}

/** What runs in Calico mode until the resources are known: nothing. */
function idleIntent({ routerId = 0, onStop }: ConfigurationFile): Intent {
  const speaker = { routerId, asNumber: DEFAULT_AS_NUMBER, clusterId: routerId, listen: [], onStop };
  return { speaker, peers: [], originated: [] };
}

function toIntent(file: ConfigurationFile, wrong: ReadonlySet<string>): Intent {
  const routerId = file.routerId ?? 0;
  const clusterId = file.clusterId ?? routerId;
  const asNumber = file.asNumber ?? DEFAULT_AS_NUMBER;
  const known = { asNumber: wrong.has("asNumber") ? undefined : asNumber, clusterId };
  return {
    speaker: { routerId, asNumber, clusterId, listen: file.listen, onStop: file.onStop },
    peers: toPeerIntents(file.neighbors, known),
    originated: file.originate,
  };
}

/** Where calicoctl and calico-node look for bird and bird6 (calico.md 8.1). */
const CALICO_BIRD_SOCKETS = ["/var/run/calico/bird.ctl", "/var/run/calico/bird6.ctl"] as const;

function toSettings(file: ConfigurationFile, isListenGiven: boolean): Settings {
  const { http, log, metrics, restart, onStop, routerId } = file;
  const isCalico = file.calico !== undefined;
  const protocol = file.kernel.protocol ?? (isCalico ? 12 : 186);
  const control = { ...file.control, birdSockets: file.control.birdSockets ?? (isCalico && CALICO_BIRD_SOCKETS) };
  const calico = file.calico && { ...file.calico, routerId, listen: isListenGiven ? file.listen : undefined };
  const level = log.level ?? (isCalico ? undefined : "info");
  const kernel = { ...file.kernel, protocol };
  return { control, http, log: { ...log, level }, metrics, restart, calico, onStop, kernel };
}

/** Keys that Calico's resources speak of in Calico mode, and where. Both at once would contradict each other. */
const OF_RESOURCES: readonly (readonly [key: keyof ConfigurationFile & string, todo: string])[] = [
  ["asNumber", "it is that of the Node, of calico.node or of the BGPConfiguration"],
  ["clusterId", "it is routeReflectorClusterID of the Node or of calico.node"],
  ["neighbors", "write a BGPPeer with their peerIP"],
  ["originate", "the Node's blocks and the service ranges are announced"],
];

function noteOfResources(at: At): void {
  for (const [key, todo] of OF_RESOURCES) {
    const member = memberOf(at, key);
    if (member !== at) fault(member, `"${key}" in Calico mode`, `remove it: ${todo}`);
  }
}
