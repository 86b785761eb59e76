/** The little that is known after a crash: who was there. Rule: what was not written by us whole is not believed. */

import { isJsonObject, parsedJson } from "../config/json.ts";
import type { JsonValue } from "../config/json.ts";
import { FAMILIES } from "../messages/families.ts";
import type { Family } from "../messages/families.ts";

/** A neighbour whose session was up with graceful restart, and the families that were spoken. */
export interface RestartPeer {
  readonly name: string;
  readonly families: readonly Family[];
}

/** What the next start has to know. */
export interface RestartState {
  /** Our BGP Identifier, unsigned 32 bits: another speaker's file means nothing. */
  readonly routerId: number;
  /** The shortest Restart Time that a neighbour was promised. */
  readonly restartTimeSeconds: number;
  /** False: the kernel's routes of ours were removed at the stop. */
  readonly forwarding: boolean;
  readonly peers: readonly RestartPeer[];
}

/** Of the form of the text. */
const VERSION = 1;

/** The text of a state; equal states have equal texts. */
export function encodeRestartState(state: RestartState): string {
  return `${JSON.stringify({ reflectdRestartState: VERSION, ...state })}\n`;
}

/** The state of a text, or in one clause why it is none: a part of one, or something else. */
export function decodeRestartState(text: string): RestartState | string {
  const read = parsedJson(text);
  if (read === undefined) return "it is cut off, or no JSON";
  if (!isJsonObject(read) || read["reflectdRestartState"] !== VERSION) return "it is not of this version of reflectd";
  const { routerId, restartTimeSeconds, forwarding = true, peers } = read;
  if (!isWhole(routerId, 0xffffffff) || !isWhole(restartTimeSeconds, 4095)) return "its numbers are none";
  if (typeof forwarding !== "boolean") return "nobody can tell whether it forwards";
  if (!Array.isArray(peers) || !peers.every(isPeer)) return "its neighbours are none";
  return { routerId, restartTimeSeconds, forwarding, peers };
}

function isPeer(value: JsonValue): value is JsonValue & RestartPeer {
  if (!isJsonObject(value) || typeof value["name"] !== "string" || !Array.isArray(value["families"])) return false;
  return value["families"].every((family) => FAMILIES.some(({ name }) => name === family));
}

function isWhole(value: unknown, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}
