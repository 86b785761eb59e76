/** What a neighbour's sockets have to be, from what it is asked to be. */

import { hostPrefix } from "../base/prefix.ts";
import type { Prefix } from "../base/prefix.ts";
import type { PeerIntent, PeerWhere } from "../config/intent.ts";
import type { SocketDemands } from "../transport/ports.ts";
import type { SocketGuard } from "../transport/provider.ts";

/** The demands of a neighbour, undefined where it has none; a text instead, for people, where one is not known. */
export function demandsOf(
  { passwordFile, passwordSecret, password, ttlSecurityHops }: PeerIntent,
): SocketDemands | string | undefined {
  const isNeeded = (passwordFile ?? passwordSecret) !== undefined;
  if (isNeeded && password === undefined) return "waits for its TCP-MD5 password, which nobody has read";
  if (password !== undefined && "missing" in password) return `waits for its TCP-MD5 password: ${password.missing}`;
  if (password === undefined && ttlSecurityHops === undefined) return undefined;
  return { password: password?.text, ttlSecurityHops };
}

/** Has the listeners ask what a neighbour or range demands. Answers what each of its connections has to be. */
export function claimSockets(guard: SocketGuard, intent: PeerIntent): SocketDemands | undefined {
  const demands = demandsOf(intent);
  const from = prefixOf(intent.where);
  if (typeof demands !== "object" || from === undefined) return undefined;
  guard.claim(intent.name, from, demands);
  return demands;
}

function prefixOf(where: PeerWhere): Prefix | undefined {
  return where.kind === "range" ? where.range : hostPrefix(where.address);
}
