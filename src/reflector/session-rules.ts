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
  /** Whether the address [at, end) of 4 or 16 octets is ours. */
  isOurs(bytes: Uint8Array, at: number, end: number): boolean;
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

/** A condition on stored attributes and the session that they came over. Nothing is allocated. */
type Test = (store: AttributeStore, attributes: AttributesId, rules: SessionRules) => boolean;

/** A rule that makes a path as good as withdrawn (RFC 7606 §2). */
const REFUSALS: readonly { readonly why: string; readonly applies: Test }[] = [
  {
    why: "the leftmost AS is not the peer's (RFC 4271 §6.3)",
    applies: (store, attributes, rules) => rules.ebgp && rules.enforceFirstAs && rules.role !== "rs-client" &&
      store.firstAs(attributes) !== rules.asNumber,
  },
  {
    why: "AS_SET or AS_CONFED_SET (RFC 9774 §3)",
    applies: (store, attributes, rules) => rules.ebgp && rules.rejectAsSets && store.hasAsSet(attributes),
  },
];

/** A rule that keeps a path but flags it. A new one is a row here. */
const FLAGS: readonly { readonly flag: number; readonly applies: Test }[] = [
  // RFC 4271 §9.1.2: our own AS in AS_PATH; RFC 4456 §8: our own Identifier in ORIGINATOR_ID.
  { flag: PATH_FLAGS.LOOP, applies: hasOurAs },
  {
    flag: PATH_FLAGS.LOOP,
    applies: (store, attributes, rules) => !rules.ebgp && store.originatorId(attributes) === rules.routerId,
  },
  {
    flag: PATH_FLAGS.LOOP,
    applies: (store, attributes, rules) => rules.client && hasOurCluster(store, attributes, rules),
  },
  {
    flag: PATH_FLAGS.NOT_REFLECTED,
    applies: (store, attributes, rules) => !rules.client && hasOurCluster(store, attributes, rules),
  },
  {
    // RFC 4271 §6.3: a NEXT_HOP that is an address of ours is ignored without NOTIFICATION.
    flag: PATH_FLAGS.OWN_NEXT_HOP,
    applies: (store, attributes, rules) => {
      const at = store.nextHopAt(attributes);
      return rules.isOurs(store.page(attributes), at, at + Math.min(store.nextHopOctets(attributes), 16));
    },
  },
  { flag: PATH_FLAGS.LEAK, applies: isLeak },
];

function hasOurAs(store: AttributeStore, attributes: AttributesId, rules: SessionRules): boolean {
  if (store.asPathLength(attributes) === 0) return false;
  const at = store.blockAt(attributes);
  const end = at + store.blockOctets(attributes);
  return countAsInPath(store.page(attributes), at, end, rules.localAsNumber) > rules.allowOwnAs;
}

function hasOurCluster(store: AttributeStore, attributes: AttributesId, rules: SessionRules): boolean {
  if (rules.ebgp || store.clusterListLength(attributes) === 0) return false;
  const page = store.page(attributes);
  const at = store.blockAt(attributes);
  const end = at + store.blockOctets(attributes);
  return rules.clusterIds.some((id) => clusterListHas(page, at, end, id));
}

/** RFC 9234 §5, ingress: roles of ours whose peers may not send OTC at all, or only with their own AS. */
function isLeak(store: AttributeStore, attributes: AttributesId, rules: SessionRules): boolean {
  if (!rules.ebgp || !store.hasOtc(attributes)) return false;
  if (rules.role === "provider" || rules.role === "rs") return true;
  return rules.role === "peer" && store.otc(attributes) !== rules.asNumber;
}

/** Judges attributes for a session. New attributes in the verdict are interned but not retained. */
export function judge(store: AttributeStore, attributes: AttributesId, rules: SessionRules): Verdict {
  for (const { why, applies } of REFUSALS) {
    if (!applies(store, attributes, rules)) continue;
    return { fault: attributeFault("withdraw", 11, ATTRIBUTE.AS_PATH, EMPTY, why), flags: 0, attributes };
  }
  let flags = 0;
  for (const { flag, applies } of FLAGS) if (applies(store, attributes, rules)) flags |= flag;
  return { fault: undefined, flags, attributes: rules.ebgp ? onEntry(store, attributes, rules) : attributes };
}

/** What an external path gets on entry: OTC (RFC 9234 §5), and LOCAL_PREF 0 when it is being drained (RFC 8326 §4). */
function onEntry(store: AttributeStore, attributes: AttributesId, { role, asNumber }: SessionRules): AttributesId {
  const marks = (role === "customer" || role === "peer" || role === "rs-client") && !store.hasOtc(attributes);
  const drains = (store.flags(attributes) & WELL_KNOWN.GRACEFUL_SHUTDOWN) !== 0;
  if (!marks && !drains) return attributes;
  let block = store.block(attributes);
  if (marks) block = setAttribute(block, ATTRIBUTE.OTC, CATEGORY.OPTIONAL_TRANSITIVE, encodeWords([asNumber]));
  if (drains) block = setAttribute(block, ATTRIBUTE.LOCAL_PREF, CATEGORY.WELL_KNOWN, encodeWords([0]));
  return store.intern(block, 0, block.length, store.nextHop(attributes));
}
