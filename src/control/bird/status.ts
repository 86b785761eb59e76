/** `show status` and `show memory`. */

import { dateTimeText } from "../since.ts";
import type { BirdContext } from "./context.ts";
import { versionText } from "./context.ts";
import { CODE, last, line } from "./reply.ts";
import type { Reply } from "./reply.ts";

/** The reply to `show status`. */
export function* statusReply(context: BirdContext): Reply {
  const { routerId, startedAt, configuredAt } = context.api.status();
  const moments = [
    ["Current server time is", context.wallMilliseconds()],
    ["Last reboot on", new Date(startedAt).getTime()],
    ["Last reconfiguration on", new Date(configuredAt).getTime()],
  ] as const;
  yield line(CODE.version, versionText(context));
  yield line(CODE.uptime, `Router ID is ${routerId}`);
  for (const [what, milliseconds] of moments) yield line(CODE.uptime, `${what} ${dateTimeText(milliseconds)}`);
  yield last(CODE.statusReport, isLeaving(context) ? "Shutdown in progress" : "Daemon is up and running");
}

/** Whether the daemon is about to go. */
export function isLeaving({ api }: Pick<BirdContext, "api">): boolean {
  return api.ready().waitingFor.some((what) => what === "the daemon is stopping" || what === "the daemon is draining");
}

/** BIRD's owners of memory, and which of ours belong to each. */
const OWNERS: readonly (readonly [title: string, owns: (owner: string) => boolean])[] = [
  ["Routing tables:", (owner) => owner.endsWith(" tables")],
  ["Route attributes:", (owner) => owner === "attribute sets"],
  ["ROA tables:", () => false],
  ["Protocols:", (owner) => owner !== "attribute sets" && !owner.endsWith(" tables")],
  ["Total:", () => true],
];

/** The reply to `show memory`. */
export function* memoryReply({ api }: BirdContext): Reply {
  const owners = Object.entries(api.memory());
  yield line(CODE.memory, "BIRD memory usage");
  for (const [title, owns] of OWNERS) {
    const octets = owners.reduce((sum, [owner, size]) => sum + (owns(owner) ? size : 0), 0);
    yield line(CODE.memory, `${title.padEnd(17)} ${sizeText(octets)}`);
  }
  yield last(CODE.done);
}

/** Four digits and a unit, as BIRD rounds. */
function sizeText(octets: number): string {
  const units = [" ", "k", "M", "G"];
  let size = octets;
  let unit = 0;
  for (; size >= 10_000 && unit < units.length - 1; unit++) size = Math.floor((size + 512) / 1024);
  return `${String(size).padStart(4)} ${units[unit] ?? ""}B`;
}
