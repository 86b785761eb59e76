/** `explain`: the candidates, the step that decided, and what each neighbour was told. */

import type { ExplainView } from "../daemon/api.ts";
import { columns } from "./grid.ts";
import { routePhrase } from "./route-text.ts";
import { printable } from "./terminal.ts";

/** The readable answer; every reason comes with its clause. */
export function explainText(view: ExplainView): string {
  return [`${view.prefix} (${view.family})\n`, decisionText(view), candidatesText(view), peersText(view)]
    .filter((part) => part !== "").join("\n");
}

function decisionText({ candidates, decidedBy }: ExplainView): string {
  if (candidates.length === 0) return "No candidate paths.\n";
  if (candidates.length === 1) return "1 candidate\n";
  return `${candidates.length} candidates${decidedBy === null ? "" : `, decided by ${clause(decidedBy)}`}\n`;
}

function candidatesText({ candidates }: ExplainView): string {
  return candidates.map(({ route, lostBy }) => {
    const fate = lostBy === null ? "" : `\n      lost by ${clause(lostBy)}`;
    return `  ${lostBy === null ? "*" : " "} ${routePhrase(route)}${fate}\n`;
  }).join("");
}

function peersText({ peers }: ExplainView): string {
  if (peers.length === 0) return "";
  const rows = peers.map(({ peer, sent, reason, source }) =>
    [printable(peer, 63), sent ? "sent" : "not sent", clause({ reason, source })]);
  return columns(["PEER", "TOLD", "WHY"], rows);
}

function clause({ reason, source }: { readonly reason: string; readonly source: string }): string {
  return printable(source === "" ? reason : `${reason} (${source})`, 300);
}
