/**
 * Checks of a path's attributes that depend on the session it came over: first AS, loops, our own next hop, roles.
 * Rule: bytes were judged by the codec; here one list of rules says what the session makes of good attributes.
 */

import { EMPTY } from "../base/bytes.ts";
import { clusterListHas, countAsInPath, setAttribute } from "../messages/attributes/block.ts";
import { ATTRIBUTE, CATEGORY } from "../messages/attributes/codes.ts";
import { encodeWords } from "../messages/attributes/row.ts";
import { WELL_KNOWN } from "../messages/attributes/summary.ts";
import { attributeFault } from "../messages/fault.ts";
import type { Fault } from "../messages/fault.ts";
import type { RoleName } from "../config/intent.ts";
import type { AttributeStore } from "../rib/attribute-store.ts";
import type { AttributesId } from "../rib/ids.ts";
import { PATH_FLAGS } from "../rib/rib.ts";

/** What a session is to the rules. */
export interface SessionRules {
  readonly ebgp: boolean;
  readonly client: boolean;
  readonly asNumber: number;
  readonly localAsNumber: number;
  /** Our BGP Identifier. */
  readonly routerId: number;
  /** Every cluster id of ours, also those of other neighbours. */
  readonly clusterIds: readonly number[];
  readonly role: RoleName | undefined;
  readonly enforceFirstAs: boolean;
  readonly rejectAsSets: boolean;
  readonly allowOwnAs: number;
  /** Whether an address (4 or 16 octets) is ours. */
  isOurs(address: Uint8Array): boolean;
}

/** What the session makes of a path. */
export interface Verdict {
  /** Set where the path is treated as withdrawn (RFC 7606). */
  readonly fault: Fault | undefined;
  /** PATH_FLAGS. */
  readonly flags: number;
  /** What goes into the import policy: the attributes as received, or with what RFC 9234 and RFC 8326 set. */
  readonly attributes: AttributesId;
}

interface Judged {
  readonly store: AttributeStore;
  readonly attributes: AttributesId;
  readonly block: Uint8Array;
  readonly rules: SessionRules;
}

/** A rule that makes a path as good as withdrawn (RFC 7606 §2). */
const REFUSALS: readonly { readonly why: string; applies(path: Judged): boolean }[] = [
  {
    why: "the leftmost AS is not the peer's (RFC 4271 §6.3)",
    applies: ({ store, attributes, rules }) => rules.ebgp && rules.enforceFirstAs && rules.role !== "rs-client" &&
      store.firstAs(attributes) !== rules.asNumber,
  },
  {
    why: "AS_SET or AS_CONFED_SET (RFC 9774 §3)",
    applies: ({ store, attributes, rules }) => rules.ebgp && rules.rejectAsSets && store.hasAsSet(attributes),
  },
];

/** A rule that keeps a path but flags it. A new one is a row here. */
const FLAGS: readonly { readonly flag: number; applies(path: Judged): boolean }[] = [
  {
    // RFC 4271 §9.1.2: our own AS in AS_PATH; RFC 4456 §8: our own Identifier in ORIGINATOR_ID.
    flag: PATH_FLAGS.LOOP,
    applies: ({ store, attributes, block, rules }) =>
      countAsInPath(block, 0, block.length, rules.localAsNumber) > rules.allowOwnAs ||
      (!rules.ebgp && store.originatorId(attributes) === rules.routerId),
  },
  {
    flag: PATH_FLAGS.LOOP,
    applies: (path) => path.rules.client && hasOurCluster(path),
  },
  {
    flag: PATH_FLAGS.NOT_REFLECTED,
    applies: (path) => !path.rules.client && hasOurCluster(path),
  },
  {
    // RFC 4271 §6.3: a NEXT_HOP that is an address of ours is ignored without NOTIFICATION.
    flag: PATH_FLAGS.OWN_NEXT_HOP,
    applies: ({ store, attributes, rules }) => {
      const nextHop = store.nextHop(attributes);
      return rules.isOurs(nextHop.length === 32 ? nextHop.subarray(0, 16) : nextHop);
    },
  },
  { flag: PATH_FLAGS.LEAK, applies: isLeak },
];

/** RFC 9234 §5, ingress: roles of ours whose peers may not send OTC at all, or only with their own AS. */
function isLeak({ store, attributes, rules }: Judged): boolean {
  if (!rules.ebgp || !store.hasOtc(attributes)) return false;
  if (rules.role === "provider" || rules.role === "rs") return true;
  return rules.role === "peer" && store.otc(attributes) !== rules.asNumber;
}

function hasOurCluster({ block, rules, store, attributes }: Judged): boolean {
  if (rules.ebgp || store.clusterListLength(attributes) === 0) return false;
  return rules.clusterIds.some((id) => clusterListHas(block, 0, block.length, id));
}

/** Judges attributes for a session. New attributes in the verdict are interned but not retained. */
export function judge(store: AttributeStore, attributes: AttributesId, rules: SessionRules): Verdict {
  const path: Judged = { store, attributes, block: store.block(attributes), rules };
  const refusal = REFUSALS.find((rule) => rule.applies(path));
  if (refusal !== undefined) {
    return { fault: attributeFault("withdraw", 11, ATTRIBUTE.AS_PATH, EMPTY, refusal.why), flags: 0, attributes };
  }
  let flags = 0;
  for (const rule of FLAGS) if (rule.applies(path)) flags |= rule.flag;
  return { fault: undefined, flags, attributes: rules.ebgp ? onEntry(path) : attributes };
}

/** What an external path gets on entry: OTC (RFC 9234 §5), and LOCAL_PREF 0 when it is being drained (RFC 8326 §4). */
function onEntry({ store, attributes, block, rules }: Judged): AttributesId {
  const { role } = rules;
  let edited = block;
  if ((role === "customer" || role === "peer" || role === "rs-client") && !store.hasOtc(attributes)) {
    edited = setAttribute(edited, ATTRIBUTE.OTC, CATEGORY.OPTIONAL_TRANSITIVE, encodeWords([rules.asNumber]));
  }
  if ((store.flags(attributes) & WELL_KNOWN.GRACEFUL_SHUTDOWN) !== 0) {
    edited = setAttribute(edited, ATTRIBUTE.LOCAL_PREF, CATEGORY.WELL_KNOWN, encodeWords([0]));
  }
  return edited === block ? attributes : store.intern(edited, 0, edited.length, store.nextHop(attributes));
}
