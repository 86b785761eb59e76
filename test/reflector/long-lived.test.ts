/** One path at the end of its Restart Time (RFC 9494 §4.2): the mark, who must go, and that nothing leaks. */

import { expect, it } from "vitest";
import { EMPTY } from "../../src/base/bytes.ts";
import { COMMUNITY } from "../../src/messages/attributes/codes.ts";
import { WELL_KNOWN } from "../../src/messages/attributes/summary.ts";
import { IPV4_UNICAST } from "../../src/messages/families.ts";
import { makeLongLived } from "../../src/reflector/long-lived.ts";
import { AttributeStore } from "../../src/rib/attribute-store.ts";
import type { AttributesId, PathIndex } from "../../src/rib/ids.ts";
import { PeerTable } from "../../src/rib/peer-table.ts";
import { PATH_FLAGS, Rib } from "../../src/rib/rib.ts";
import { blockOf, peerOf } from "../rib/build.ts";

function lab(communities: readonly number[]) {
  const store = new AttributeStore({ seed: 1 });
  const peers = new PeerTable();
  const rib = new Rib({ family: IPV4_UNICAST, seed: 2, attributes: store, peers });
  const peer = peers.add(peerOf());
  const block = blockOf({ communities, localPref: 7 });
  const announce = (filtered = false): { path: PathIndex; set: AttributesId } => {
    const set = store.intern(block, 0, block.length, EMPTY);
    const prefix = rib.prefixes.intern(256, 0, 0, 0, 24);
    const usable = filtered ? (0 as AttributesId) : set;
    return { path: rib.announce(peer, prefix, 0, set, usable, filtered ? PATH_FLAGS.FILTERED : 0, 1), set };
  };
  return { store, rib, peer, announce };
}

it("adds LLGR_STALE to what goes on, not to what was received; the next announcement undoes it", () => {
  const { store, rib, peer, announce } = lab([5]);
  const { path, set } = announce();
  rib.markStale(peer);
  expect(makeLongLived(store, rib, path)).toBe(true);
  expect(makeLongLived(store, rib, path)).toBe(true); // once more is as once
  expect(store.flags(rib.attributesOf(path)) & WELL_KNOWN.LLGR_STALE).not.toBe(0);
  expect([rib.attributesInOf(path), rib.flagsOf(path)]).toEqual([set, PATH_FLAGS.LLGR_STALE | PATH_FLAGS.STALE]);
  announce();
  expect([rib.attributesOf(path), rib.flagsOf(path), store.size]).toEqual([set, 0, 1]);
});

it("lets go what carries NO_LLGR", () => {
  const { store, rib, announce } = lab([COMMUNITY.NO_LLGR]);
  expect(makeLongLived(store, rib, announce().path)).toBe(false);
});

it("keeps what the import policy keeps out as it is", () => {
  const { store, rib, announce } = lab([5]);
  const { path } = announce(true);
  expect(makeLongLived(store, rib, path)).toBe(true);
  expect([rib.attributesOf(path), rib.flagsOf(path)]).toEqual([0, PATH_FLAGS.FILTERED | PATH_FLAGS.LLGR_STALE]);
});
