/** What all resources have: kind, name, labels, annotations. Both apiVersions are read alike: calico.md 12. */

import { parsedJson } from "../../config/json.ts";
import { Fields } from "./fields.ts";
import type { FieldFault } from "./fields.ts";

/** A resource before its spec is read. */
export interface Envelope {
  readonly kind: string;
  readonly apiVersion: string;
  readonly name: string;
  /** Empty for what is cluster-wide. */
  readonly namespace: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
  readonly root: Fields;
}

/** crd.projectcalico.org/v1 keeps the user's labels and annotations in this one. */
const METADATA_ANNOTATION = "projectcalico.org/metadata";

/** Reads the envelope; undefined where the value is no resource at all. */
export function readEnvelope(value: unknown, faults: FieldFault[]): Envelope | undefined {
  const root = new Fields(value, "", faults);
  const metadata = root.object("metadata");
  const kind = root.text("kind") ?? root.fault("kind", "missing");
  const name = metadata.text("name") ?? metadata.fault("name", "missing");
  if (kind === undefined || name === undefined) return undefined;
  const annotations = textsByKey(metadata, "annotations");
  const packed = packedMetadata(annotations.get(METADATA_ANNOTATION), metadata);
  return {
    kind, name, root, namespace: metadata.text("namespace") ?? "", apiVersion: root.text("apiVersion") ?? "",
    labels: new Map([...textsByKey(metadata, "labels"), ...textsByKey(packed, "labels")]),
    annotations: new Map([...annotations, ...textsByKey(packed, "annotations")]),
  };
}

/** The members of an object whose values are texts. */
export function textsByKey(fields: Fields, key: string): ReadonlyMap<string, string> {
  const value = fields.raw(key);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return new Map();
  return new Map(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function packedMetadata(text: string | undefined, metadata: Fields): Fields {
  if (text === undefined) return new Fields(undefined, "", []);
  const value = parsedJson(text);
  if (value === undefined) metadata.fault(`annotations["${METADATA_ANNOTATION}"]`, "is no JSON; it was ignored");
  return new Fields(value, "", []);
}
