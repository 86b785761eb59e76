/**
 * `node status`: the two tables of calicoctl node status, same columns and words, so that scripts and eyes trained on
 * calicoctl read them. Unlike there, local workload sessions are shown, and a port as address:port.
 */

import { BGP_PORT } from "../config/intent.ts";
import type { PeerType } from "../config/intent.ts";
import { IDLE_HOLD } from "../daemon/api.ts";
import type { LastError, PeerView, StateName } from "../daemon/api.ts";
import { grid } from "./grid.ts";
import { sinceText } from "./since.ts";
import { printable } from "./terminal.ts";

const HEADINGS = ["PEER ADDRESS", "PEER TYPE", "STATE", "SINCE", "INFO"];
const INFO_COLUMNS = 30;

/** calicoctl's words for where a session came from. */
export const PEER_TYPES: { readonly [T in PeerType]: string } = {
  mesh: "node-to-node mesh", global: "global", node: "node specific", local: "local workload",
};

/** BIRD's protocol states for RFC 4271 states of an enabled session. */
const STATES: { readonly [S in StateName]: "up" | "start" } = {
  Idle: "start", Connect: "start", Active: "start", OpenSent: "start", OpenConfirm: "start", Established: "up",
};

/** BIRD's protocol state of a session. */
export function protocolState({ enabled, state }: Pick<PeerView, "enabled" | "state">): "up" | "start" | "down" {
  return enabled ? STATES[state] : "down";
}

/** One line of a table. */
interface StatusRow {
  readonly peerAddress: string;
  readonly peerType: string;
  readonly state: string;
  readonly since: string;
  readonly info: string;
}

/** Both tables, sessions in the daemon's order. */
export function nodeStatusText(peers: readonly PeerView[], nowMilliseconds: number): string {
  const { ipv4, ipv6 } = nodeStatusDocument(peers, nowMilliseconds);
  return `Calico process is running.\n\n${table("IPv4", ipv4)}\n${table("IPv6", ipv6)}\n`;
}

/** The same as a value, for -o json. */
export function nodeStatusDocument(
  peers: readonly PeerView[], nowMilliseconds: number,
): { readonly ipv4: readonly StatusRow[]; readonly ipv6: readonly StatusRow[] } {
  const rows = (v6: boolean): StatusRow[] =>
    peers.filter((peer) => peer.address.includes(":") === v6).map((peer) => statusRow(peer, nowMilliseconds));
  return { ipv4: rows(false), ipv6: rows(true) };
}

/** address, or address:port where the port is not BGP's own. */
export function endpointText(peer: Pick<PeerView, "address" | "port">): string {
  if (peer.port === BGP_PORT) return peer.address;
  return peer.address.includes(":") ? `[${peer.address}]:${peer.port}` : `${peer.address}:${peer.port}`;
}

/** What the system said about a connection, in the words BIRD and libc print. */
const SOCKET_ERRORS: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "Connection refused"], ["ECONNRESET", "Connection reset by peer"],
  ["ETIMEDOUT", "Connection timed out"], ["EHOSTUNREACH", "No route to host"],
  ["ENETUNREACH", "Network is unreachable"], ["closed by the peer", "Connection closed"],
  ["EADDRNOTAVAIL", "Cannot assign requested address"], ["EACCES", "Permission denied"], ["EPIPE", "Broken pipe"],
]);

/** What a connection ended with, in those words; undefined where it was not the system that ended it. */
export function socketErrorText(text: string): string | undefined {
  return SOCKET_ERRORS.get(text);
}

/** The last error with BIRD's class in front, such as "Received: Administrative Shutdown". */
export function errorText(error: LastError): string {
  const socket = error.direction === "local" ? socketErrorText(error.text) : undefined;
  if (socket !== undefined) return `Socket: ${socket}`;
  const name = error.name.slice(error.name.indexOf("/") + 1);
  const classes = { received: `Received: ${name}`, sent: `BGP Error: ${name}`, local: `Error: ${name}` } as const;
  const text = classes[error.direction];
  return printable(error.text === "" ? text : `${text} (${error.text})`, 200);
}

/**
 * What keeps a session from being up: the words of what it waits for, such as a password that cannot be set, else its
 * last error. One that only lets time pass after an error waits for nothing that would say more.
 */
export function problemOf(
  { state, waiting, lastError }: Pick<PeerView, "state" | "waiting" | "lastError">,
): string | LastError | null {
  if (state === "Established") return null;
  return waiting === null || (waiting === IDLE_HOLD && lastError !== null) ? lastError : waiting;
}

/** The same as text; "" where all is well. */
export function problemText(peer: Pick<PeerView, "state" | "waiting" | "lastError">): string {
  const problem = problemOf(peer);
  if (problem === null) return "";
  return typeof problem === "string" ? printable(problem, 200) : errorText(problem);
}

function table(version: "IPv4" | "IPv6", rows: readonly StatusRow[]): string {
  if (rows.length === 0) return `${version} BGP status\nNo ${version} peers found.\n`;
  const cells = rows.map((row) => [row.peerAddress, row.peerType, row.state, row.since, row.info]);
  return `${version} BGP status\n${grid(HEADINGS, cells, INFO_COLUMNS)}`;
}

function statusRow(peer: PeerView, nowMilliseconds: number): StatusRow {
  return {
    peerAddress: endpointText(peer),
    peerType: PEER_TYPES[peer.type],
    state: protocolState(peer),
    since: sinceText(peer.upOrDownSince, nowMilliseconds),
    info: infoText(peer),
  };
}

/** BIRD shows only the error of a session that is switched off, and none of one that is Established. */
function infoText(peer: PeerView): string {
  if (!peer.enabled) return problemText({ ...peer, waiting: null });
  const idle = peer.passive && (peer.state === "Idle" || peer.state === "Active");
  return `${idle ? "Passive" : peer.state} ${problemText(peer)}`.trimEnd();
}
