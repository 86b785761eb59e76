/** Which group of the API holds Calico's resources: calico.md 1.1. */

import { listOf, textOf } from "../../resources/raw.ts";
import { askJson } from "./api.ts";
import type { Api } from "./api.ts";
import type { Failure } from "./failure.ts";

/** Custom resources as Calico's own API server and calicoctl keep them. */
export const V1 = "crd.projectcalico.org/v1";
/** Calico's own API, by its API server in front of the others, or as custom resources of its own (3.32). */
export const V3 = "projectcalico.org/v3";

/** What CALICO_API_GROUP says; undefined where it says nothing. */
export function apiGroupOf(said: string | undefined): string | undefined {
  if (said === undefined || said === "") return undefined;
  return said.toLowerCase() === V3 ? V3 : V1;
}

/**
 * Asks the server. V3 only where it is served without V1; a server that does not let us look is taken to have V1. One
 * that does not answer, or only for the moment, is a failure.
 */
export async function discoverApiGroup(api: Api, signal: AbortSignal): Promise<string | Failure> {
  const answer = await askJson(api, { method: "GET", path: "/apis", signal });
  if ("why" in answer) return isForTheMoment(answer) ? answer : V1;
  const names = new Set(listOf(answer.value, "groups").map((group) => textOf(group, "name")));
  return names.has(groupName(V3)) && !names.has(groupName(V1)) ? V3 : V1;
}

function isForTheMoment({ status }: Failure): boolean {
  return status === undefined || status === 401 || status === 429 || status >= 500;
}

function groupName(groupVersion: string): string {
  return groupVersion.slice(0, groupVersion.indexOf("/"));
}
