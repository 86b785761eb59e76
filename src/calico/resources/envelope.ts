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
  const kind = root.needed("kind");
  const name = metadata.needed("name");
  if (kind === undefined || name === undefined) return undefined;
  const annotations = metadata.textsByKey("annotations");
  const packed = packedMetadata(annotations.get(METADATA_ANNOTATION), metadata);
  return {
    kind, name, root, namespace: metadata.text("namespace") ?? "", apiVersion: root.text("apiVersion") ?? "",
    labels: new Map([...metadata.textsByKey("labels"), ...packed.textsByKey("labels")]),
    annotations: new Map([...annotations, ...packed.textsByKey("annotations")]),
  };
}

function packedMetadata(text: string | undefined, metadata: Fields): Fields {
  const value = text === undefined ? undefined : parsedJson(text);
  const path = `annotations["${METADATA_ANNOTATION}"]`;
  if (text !== undefined && value === undefined) metadata.fault(path, "is no JSON; it was ignored");
  return new Fields(value, `metadata.${path}`, metadata.faults);
}
