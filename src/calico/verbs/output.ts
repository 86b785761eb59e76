/** What `get` prints: calicoctl's tables and documents. */

import { printableJson } from "../../base/printable.ts";
import type { JsonObject, JsonValue } from "../../config/json.ts";
import { writeYaml } from "../yaml/write.ts";
import type { Cluster, KindRow } from "./kinds.ts";
import { psTable } from "./table.ts";

/** What one question gave: all of a kind, or the one resource of a name. */
export interface Found {
  readonly row: KindRow;
  readonly resources: readonly JsonObject[];
  /** All of a kind: printed as a list also where it holds one. */
  readonly isList: boolean;
}

const COLUMNS = "custom-columns=";
/** What may be asked for beside `custom-columns=HEADING,…`. */
export const FORMATS: readonly string[] = ["ps", "table", "wide", "yaml", "yml", "json", "jsonl"];

/** What is wrong with a format for this kind, or undefined. */
export function formatFault(format: string, row: KindRow | undefined): string | undefined {
  if (FORMATS.includes(format)) return undefined;
  if (!format.startsWith(COLUMNS)) return `unrecognized output format '${format}'`;
  const headings = format.slice(COLUMNS.length).split(",");
  if (headings.join("") === "") return "need to specify at least one column";
  const unknown = row === undefined ? undefined : headings.find((heading) => !row.cells.has(heading));
  if (unknown === undefined || row === undefined) return undefined;
  return `Unknown heading ${unknown}, valid values are: ${[...row.cells.keys()].join(", ")}`;
}

/** The text of what was found, in a format that formatFault has nothing against. */
export function printed(found: readonly Found[], format: string, cluster: Cluster): string {
  switch (format) {
    case "json":
      return `${printableJson(JSON.stringify(documentOf(found), undefined, 2))}\n`;
    case "jsonl":
      return found.flatMap(({ resources }) => resources)
        .map((resource) => `${printableJson(JSON.stringify(resource))}\n`).join("");
    case "yaml":
    case "yml":
      return writeYaml(documentOf(found));
    default:
      return found.map((one) => tableOf(one, format, cluster)).join("");
  }
}

/** One answer is a document by itself, several are a list: all of it may be given to the other verbs with -f. */
function documentOf(found: readonly Found[]): JsonValue {
  const documents = found.flatMap(({ row, resources, isList }): readonly JsonValue[] => (isList
    ? [{ apiVersion: "projectcalico.org/v3", items: resources, kind: `${row.kind}List`, metadata: {} }] : resources));
  return documents.length === 1 ? documents[0] ?? null : documents;
}

function tableOf({ row, resources }: Found, format: string, cluster: Cluster): string {
  const headings = format.startsWith(COLUMNS) ? format.slice(COLUMNS.length).split(",")
    : format === "wide" ? row.wide : row.narrow;
  const cells = headings.map((heading) => row.cells.get(heading));
  return psTable(headings, resources.map((resource) => cells.map((cell) => cell?.(resource, cluster) ?? "")));
}
