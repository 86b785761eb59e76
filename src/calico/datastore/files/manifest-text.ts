/**
 * The text of one file of resources, changed one resource at a time. Rule: what is not the changed document stays as
 * it is, comments too, and a new text counts only where it reads as what was meant.
 */

import { FaultList } from "../../../config/fault.ts";
import type { ConfigFault } from "../../../config/fault.ts";
import { valueOf } from "../../../config/json.ts";
import type { JsonObject, JsonValue } from "../../../config/json.ts";
import { itemsOf } from "../../documents.ts";
import type { PlacedItem } from "../../documents.ts";
import { readYaml } from "../../yaml/read.ts";
import { writeYaml } from "../../yaml/write.ts";

/** A text that was read. */
export interface ManifestText {
  /** Its name, to be shown. */
  readonly file: string;
  readonly text: string;
  /** Those without a mistake, each with the place in the text where its value starts. */
  readonly documents: readonly { readonly value: JsonValue; readonly offset: number }[];
  /** The mistakes of syntax. */
  readonly faults: readonly ConfigFault[];
}

/** A resource and where it stands. */
export interface PlacedResource extends PlacedItem {
  /** Which of the documents. */
  readonly document: number;
}

/** Reads the text of a file. */
export function readManifestText(text: string, file: string): ManifestText {
  const faults = new FaultList(file, text);
  const documents = readYaml(text, faults).map((node) => ({ value: valueOf(node), offset: node.offset }));
  return { file, text, documents, faults: faults.all() };
}

/** All resources of a manifest, in their order. */
export function resourcesOf({ documents }: ManifestText): readonly PlacedResource[] {
  return documents.flatMap(({ value }, document) => itemsOf(value).map((item) => ({ ...item, document })));
}

/** With another resource in this place, or without it; undefined where the text does not allow it. */
export function replacedIn(
  manifest: ManifestText, { document, path }: PlacedResource, resource: JsonObject | undefined,
): ManifestText | undefined {
  const { text, documents } = manifest;
  const found = documents[document];
  if (found === undefined) return undefined;
  const values = documents.map(({ value }) => value);
  const changed = replacedAt(found.value, path, resource);
  const { marker, from, to, gap } = spanOf(text, found.offset);
  if (changed === undefined) {
    const rest = text.slice(0, marker ?? from) + text.slice(to) || "\n"; // an empty file counts as half written
    return ifItReads(rest, values.toSpliced(document, 1), manifest);
  }
  const isJson = "{[".includes(text[found.offset] ?? " ");
  const written = isJson ? `${JSON.stringify(changed, undefined, 2)}\n` : writeYaml(changed);
  const next = text.slice(0, from) + inLinesOf(text, gap + written) + text.slice(to);
  return ifItReads(next, values.with(document, changed), manifest);
}

/** With one more document at its end; undefined where the text does not allow it. */
export function appendedTo(manifest: ManifestText, resource: JsonObject): ManifestText | undefined {
  const { text, documents } = manifest;
  const separator = text.trim() === "" ? "" : text.endsWith("\n") ? "---\n" : "\n---\n";
  const next = text + inLinesOf(text, separator + writeYaml(resource));
  return ifItReads(next, [...documents.map(({ value }) => value), resource], manifest);
}

/** Whether nothing stands in a text: no document, no comment. */
export function isBlank(text: string): boolean {
  return text.replace(MARKER, "").trim() === "";
}

/** The value with another one at a place below it; undefined where the value itself is taken away. */
function replacedAt(
  value: JsonValue, path: PlacedItem["path"], resource: JsonObject | undefined,
): JsonValue | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return resource;
  if (typeof key === "string") {
    const members = value as JsonObject;
    return { ...members, [key]: replacedAt(members[key] ?? null, rest, resource) ?? null };
  }
  const items = value as readonly JsonValue[];
  const item = replacedAt(items[key] ?? null, rest, resource);
  return item === undefined ? items.toSpliced(key, 1) : items.with(key, item);
}

/** Where a document stands. */
interface Span {
  /** The "---" before it, where it has one. */
  readonly marker: number | undefined;
  /** The first line of its value. */
  readonly from: number;
  /** Behind the last line of its value. Empty lines and comments that follow are the next document's. */
  readonly to: number;
  /** What has to stand before a value that is written in its place: a line break behind "---". */
  readonly gap: "" | "\n";
}

/** The lines that end a document: no text goes on past one. */
const MARKER = /(?<=^\ufeff?|\n)(?:---|\.\.\.)(?=[ \t\r\n]|$)/g;

function spanOf(text: string, offset: number): Span {
  const markers = [...text.matchAll(MARKER)].map(({ index }) => index);
  const marker = markers.filter((at) => at < offset && text.startsWith("---", at)).at(-1);
  const end = markers.find((at) => at > offset) ?? text.length;
  const line = text.lastIndexOf("\n", offset) + 1;
  const isFirst = text.slice(line, offset).trim() === "";
  return { marker, from: isFirst ? line : offset, to: endOfValue(text, offset, end), gap: isFirst ? "" : "\n" };
}

/** Comments at the start of a line are no part of a text that is indented, so of no value. */
function endOfValue(text: string, offset: number, end: number): number {
  const lines = text.slice(offset, end).split("\n");
  while (lines.length > 1 && /^(?:#|\s*$)/.test(lines.at(-1) ?? "")) lines.pop();
  const stop = offset + lines.join("\n").length;
  return text[stop] === "\n" ? stop + 1 : stop;
}

/** With the line breaks of the text it goes into. */
function inLinesOf(text: string, lines: string): string {
  return text.includes("\r\n") ? lines.replaceAll("\n", "\r\n") : lines;
}

/** The text as it reads, if its documents are these and it has no new mistake. */
function ifItReads(text: string, values: readonly JsonValue[], before: ManifestText): ManifestText | undefined {
  const next = readManifestText(text, before.file);
  const isMeant = next.faults.length === before.faults.length
    && JSON.stringify(next.documents.map(({ value }) => value)) === JSON.stringify(values);
  return isMeant ? next : undefined;
}
