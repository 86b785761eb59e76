/**
 * The routes of one address family: Adj-RIB-In by peer, Loc-RIB by prefix. Rule: nothing here decides or tells by
 * itself. A change marks its prefix dirty; the owner takes dirty prefixes, has them decided, tells its groups, buries
 * what died, and later reaps what nobody refers to any more.
 */

import type { FamilyRow } from "../messages/families.ts";
import { WELL_KNOWN } from "../messages/attributes/summary.ts";
import type { AttributeStore } from "./attribute-store.ts";
import { bestOf, comparePair, explainDecision, inOrder } from "./decision.ts";
import type { Candidate, Verdict } from "./decision.ts";
import { NO_PATH, NO_PREFIX } from "./ids.ts";
import type { AttributesId, PathIndex, PeerId, PrefixId } from "./ids.ts";
import { EPOCH_MASK, EPOCH_SHIFT, FLAGS_MASK, INELIGIBLE, IN_LIMBO, PATH, PATH_FLAGS, PathTable, USED } from "./path-table.ts";
import type { PeerPaths } from "./path-table.ts";
import type { PeerTable } from "./peer-table.ts";
import { PREFIX_MARK, PrefixTable } from "./prefix-table.ts";
import { U32Queue } from "./u32-queue.ts";

export { INELIGIBLE, PATH_FLAGS } from "./path-table.ts";
