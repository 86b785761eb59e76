/**
 * Reads the configuration file. Rule: either every value is right and resolved, or the answer is every mistake; no
 * mistake is passed over, and no key is accepted and then ignored.
 */

import { FaultList } from "./fault.ts";
import type { ConfigFault } from "./fault.ts";
import { configurationFile, DEFAULT_AS_NUMBER } from "./file.ts";
import type { ConfigurationFile } from "./file.ts";
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
  noteUnavailable(at, file);
  const isRouterIdNeeded = file.routerId === undefined && !wrong.has("routerId") && memberOf(at, "calico") === at;
  if (isRouterIdNeeded) fault(at, '"routerId" is missing', 'add "routerId": an IPv4 address of this host');
  const intent = toIntent(file, wrong);
  return faults.count > 0 ? { faults: faults.all() } : { settings: toSettings(file), intent };
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

function toSettings(file: ConfigurationFile): Settings {
  const { control, http, log, metrics, calico, onStop } = file;
  const protocol = file.kernel.protocol ?? (calico === undefined ? 186 : 12);
  return { control, http, log, metrics, calico, onStop, kernel: { ...file.kernel, protocol } };
}

/** A key whose work is not done yet: accepting it in silence would promise what does not happen. */
interface Unavailable {
  readonly path: readonly [string, ...string[]];
  readonly asked: (file: ConfigurationFile) => boolean;
  readonly what: string;
  readonly todo: string;
}

const UNAVAILABLE: readonly Unavailable[] = [
  {
    path: ["kernel", "enabled"], asked: (file) => file.kernel.enabled,
    what: "kernel routes are not available in this version", todo: 'use false: routes are reflected, not installed',
  },
  {
    path: ["calico"], asked: (file) => file.calico !== undefined,
    what: "Calico mode is not available in this version", todo: "remove it and list the nodes in neighbors",
  },
  {
    path: ["control", "birdSockets"], asked: (file) => file.control.birdSockets !== false,
    what: "BIRD's control protocol is not available in this version", todo: "use false",
  },
];

function noteUnavailable(at: At, file: ConfigurationFile): void {
  for (const { path, asked, what, todo } of UNAVAILABLE) {
    if (asked(file)) fault(path.reduce(memberOf, at), what, todo);
  }
}
