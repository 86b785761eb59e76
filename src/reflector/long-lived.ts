/** What a path becomes that outlived its Restart Time (RFC 9494 §4.2). */

import { addCommunity } from "../messages/attributes/block.ts";
import { COMMUNITY } from "../messages/attributes/codes.ts";
import { WELL_KNOWN } from "../messages/attributes/summary.ts";
import type { AttributeStore } from "../rib/attribute-store.ts";
import { NO_ATTRIBUTES } from "../rib/ids.ts";
import type { AttributesId, PathIndex } from "../rib/ids.ts";
import { PATH_FLAGS } from "../rib/rib.ts";
import type { Rib } from "../rib/rib.ts";

/**
 * Makes a stale path a long-lived stale one with LLGR_STALE; the next announcement makes it an ordinary one again.
 * `attributes` and `judged`: what rules and policy make of it, which is what they made of it before unless told.
 * False where it has to go: it carries NO_LLGR, or there is no room for its new attributes.
 */
export function makeLongLived(store: AttributeStore, rib: Rib, path: PathIndex,
  attributes: AttributesId = rib.attributesOf(path), judged: number = rib.flagsOf(path)): boolean {
  if ((store.flags(rib.attributesInOf(path)) & WELL_KNOWN.NO_LLGR) !== 0) return false;
  const flags = judged | PATH_FLAGS.LLGR_STALE;
  if (attributes === NO_ATTRIBUTES) {
    rib.setPolicyResult(path, attributes, flags);
    return true;
  }
  const block = addCommunity(store.block(attributes), [COMMUNITY.LLGR_STALE]);
  const marked = store.intern(block, 0, block.length, store.nextHop(attributes));
  if (marked === NO_ATTRIBUTES) return false;
  store.retain(marked);
  rib.setPolicyResult(path, marked, flags);
  store.release(marked);
  return true;
}
