/**
 * What keeps a neighbour down, or up, apart from its configuration. Rule: what an operator or a prefix limit decided
 * outlives every reload that does not speak of it, and only `enable` ends it.
 */

import type { PeerIntent } from "../config/intent.ts";

/** Who decides whether a neighbour may have a session. */
export type AdminState =
  | { readonly by: "configuration" }
  /** `enable` of a neighbour that the configuration disables. */
  | { readonly by: "enable" }
  /** `disable`, with its RFC 9003 text. */
  | { readonly by: "disable"; readonly reason: string }
  /** A prefix limit with action "shutdown" was crossed. */
  | { readonly by: "prefixLimit"; readonly family: string };

/** Nobody has said anything. */
export const AS_CONFIGURED: AdminState = { by: "configuration" };

/** Whether the neighbour may have a session. */
export function isEnabled(intent: PeerIntent, admin: AdminState): boolean {
  return admin.by === "enable" || (admin.by === "configuration" && intent.enabled);
}

/** What a neighbour that may not have a session waits for; undefined where it may. */
export function whyDown(intent: PeerIntent, admin: AdminState): string | undefined {
  switch (admin.by) {
    case "enable": return undefined;
    case "configuration": return intent.enabled ? undefined : "disabled in the configuration";
    case "disable": return admin.reason === "" ? "disabled" : `disabled: ${admin.reason}`;
    case "prefixLimit": return `prefix limit of ${admin.family}: enable it to go on`;
  }
}

/** What stays of it under another configuration: all, unless that one itself enables or disables the neighbour. */
export function adminAfter(have: PeerIntent, want: PeerIntent, admin: AdminState): AdminState {
  return have.enabled === want.enabled ? admin : AS_CONFIGURED;
}
