/**
 * What etcd's HTTP gateway says, read: pages of a range, results of a watch, errors. Its JSON is that of protobuf:
 * octets in base64, 64-bit numbers as texts, and what is zero, false or empty is not there.
 */

import { parsedJson } from "../../../config/json.ts";
import type { JsonObject, JsonValue } from "../../../config/json.ts";
import { listOf, memberOf, objectOf } from "../../resources/raw.ts";

/** A key and what stands there. */
export interface Entry {
  readonly key: string;
  /** Empty for a key that was removed. */
  readonly value: string;
  /** Decimal; the revision of the last change. */
  readonly modRevision: string;
}

/** A part of a range. */
export interface Page {
  readonly entries: readonly Entry[];
  /** Of the whole store at the time of the answer; decimal. */
  readonly revision: string;
  /** Where the next page starts, in base64; undefined after the last. */
  readonly next: string | undefined;
}

/** What happened to a key. */
export interface KeyEvent {
  readonly isRemoval: boolean;
  readonly entry: Entry;
}

/** One result of a watch. Without `isCreated` and events it only says that the connection lives. */
export interface WatchResult {
  readonly isCreated: boolean;
  readonly events: readonly KeyEvent[];
}

/** The octets of a text, as the gateway wants keys and values. */
export function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

/** A decimal number that is not negative; undefined for anything else. */
export function revisionOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" && /^[0-9]{1,19}$/.test(value) ? value : undefined;
}

/** What an answer that is an error says, of either generation of the gateway; undefined where it is none. */
export function errorOf({ message, error }: JsonObject): string | undefined {
  const said = [message, error, memberOf(error, "message")];
  return said.find((text): text is string => typeof text === "string" && text !== "");
}

/** The answer to a range; a text where it cannot be one. */
export function pageOf(body: JsonObject): Page | string {
  const revision = revisionOf(memberOf(body, "header", "revision"));
  if (revision === undefined) return "an answer that is not etcd's";
  const pairs = listOf(body, "kvs").map((pair) => objectOf(pair));
  const last = pairs.at(-1)?.["key"];
  const isMore = body["more"] === true && typeof last === "string";
  return { entries: pairs.map(entryOf), revision, next: isMore ? keyAfter(last) : undefined };
}

/** One line of a watch; a text where the watch has ended, and why. */
export function watchResultOf(line: string): WatchResult | string {
  const answer = objectOf(parsedJson(line));
  if (answer["result"] === undefined) return errorOf(answer) ?? "an answer that is not etcd's";
  const result = objectOf(answer, "result");
  if (result["canceled"] === true) return whyCanceled(result);
  return {
    isCreated: result["created"] === true,
    events: listOf(result, "events").map((event) =>
      ({ isRemoval: memberOf(event, "type") === "DELETE", entry: entryOf(objectOf(event, "kv")) })),
  };
}

function whyCanceled({ compact_revision: compacted, cancel_reason: reason }: JsonObject): string {
  if (compacted !== undefined) return "changes were compacted before they were read";
  return typeof reason === "string" && reason !== "" ? reason : "etcd ended the watch";
}

function entryOf({ key, value, mod_revision: revision }: JsonObject): Entry {
  return { key: decoded(key), value: decoded(value), modRevision: revisionOf(revision) ?? "0" };
}

/** The lowest key above this one; by octets, since a key need not be a text. */
function keyAfter(key: string): string {
  return Buffer.concat([Buffer.from(key, "base64"), Buffer.alloc(1)]).toString("base64");
}

function decoded(value: JsonValue | undefined): string {
  return typeof value === "string" ? Buffer.from(value, "base64").toString("utf8") : "";
}
