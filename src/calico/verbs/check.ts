/** Whether a resource may be written: asked of the readers that will read it, so that a mistake is refused before. */

import type { JsonObject } from "../../config/json.ts";
import type { FieldFault } from "../resources/fields.ts";
import { unknownFields } from "../resources/known-fields.ts";
import { kindOf, memberOf, nameOf } from "../resources/raw.ts";
import { ResourceStore } from "../store.ts";
import { isKubernetesNode } from "./kinds.ts";

const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/**
 * Everything that is wrong with it, by field; a note is no reason to refuse it, an unknown field is one, unless
 * `stored` has it too.
 */
export function faultsOf(resource: JsonObject, stored?: JsonObject): readonly FieldFault[] {
  const read = new ResourceStore().put([resource]).flatMap(({ field, why, note }) =>
    (note === undefined ? [{ field, why }] : []));
  const known = new Set(unknownIn(stored).map(({ field }) => field));
  const strange = unknownIn(resource).filter(({ field }) => !known.has(field));
  return [...nameFaults(resource), ...read, ...strange, ...kubernetesFaults(resource)];
}

function unknownIn(resource: JsonObject | undefined): readonly FieldFault[] {
  return resource === undefined ? [] : unknownFields(kindOf(resource), resource);
}

/** The name is part of a file's name and of a key of etcd. */
function nameFaults(resource: JsonObject): readonly FieldFault[] {
  if (NAME.test(nameOf(resource))) return [];
  return [{ field: "metadata.name", why: 'expected lower-case letters, digits, "-" and "."' }];
}

/** Nobody reads this part of a Kubernetes Node: to accept it would look like success. */
function kubernetesFaults(resource: JsonObject): readonly FieldFault[] {
  if (!isKubernetesNode(resource) || memberOf(resource, "spec", "bgp") === undefined) return [];
  return [{ field: "spec.bgp", why: "a Kubernetes Node has annotations instead, such as "
    + "projectcalico.org/RouteReflectorClusterID" }];
}

/** What a patch changed that it may not: the stored resource would become another one. */
export function identityFaults(stored: JsonObject, patched: JsonObject): readonly FieldFault[] {
  const isSame = kindOf(stored) === kindOf(patched) && nameOf(stored) === nameOf(patched)
    && memberOf(stored, "apiVersion") === memberOf(patched, "apiVersion");
  return isSame ? [] : [{ field: "metadata.name", why: "a patch changes neither apiVersion, kind nor name" }];
}
