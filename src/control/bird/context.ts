/** What every command of a BIRD socket works with. */

import type { DaemonApi } from "../../daemon/api.ts";
import type { Family } from "../../messages/families.ts";

/** One socket and the daemon behind it. */
export interface BirdContext {
  readonly api: DaemonApi;
  /** As Calico runs one BIRD per family, each socket shows the sessions and routes of one. */
  readonly family: Family;
  /** Milliseconds since 1970. */
  wallMilliseconds(): number;
}

/** What BIRD says of itself; its clients take the second word for the version. */
export function versionText({ api }: Pick<BirdContext, "api">): string {
  return `BIRD v1.6.8+reflectd-${api.status().version}`;
}
