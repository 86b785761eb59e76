/** One update group as `show groups` tells it. */

import type { UpdateGroup } from "../reflector/group.ts";
import { describeTarget } from "../reflector/target.ts";
import type { GroupView } from "./api.ts";

/** The view of a group and its members. */
export function groupView(group: UpdateGroup): GroupView {
  return {
    id: group.id, family: group.target.fields.family.name, key: describeTarget(group.target.fields),
    advertised: group.advertised,
    members: [...group.members].map((member) => ({
      peer: member.name, state: member.state, lagOctets: member.lagOctets, lagPrefixes: member.lagPrefixes(),
    })),
  };
}
