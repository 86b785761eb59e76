/** What links are to routes of ours. */

import type { Link } from "../../kernel/route.ts";
import type { KernelState, StateEvent } from "../../kernel/state.ts";

/** The link of that name. */
export function linkNamed(state: KernelState, name: string): Link | undefined {
  for (const link of state.links.values()) if (link.name === name) return link;
  return undefined;
}

/** The index of the link over which IPv4 routes are gone by this event, without a word of theirs (kernel/state.ts). */
export function lostLink(event: StateEvent, state: KernelState): number | undefined {
  if (event.event === "linkGone") return event.link.index;
  if (event.event === "link") return event.link.up ? undefined : event.link.index;
  if (event.event !== "addressGone" || event.address.family !== "ipv4-unicast") return undefined;
  const { interfaceIndex, family } = event.address;
  for (const other of state.addresses()) {
    if (other.family === family && other.interfaceIndex === interfaceIndex) return undefined;
  }
  return interfaceIndex;
}
