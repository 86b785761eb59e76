/** Messages that leave attribute sets behind which nothing retains, and others that count on them. */

import { expect, it } from "vitest";
import { newTables } from "../../src/daemon/tables.ts";
import { finishMessage, MESSAGE, startMessage } from "../../src/messages/header.ts";
import { CompiledPolicy } from "../../src/reflector/filters.ts";
import type { IngressSession } from "../../src/reflector/ingress.ts";
import { blockOf, peerOf } from "../rib/build.ts";
import { attribute, hex, IBGP, join } from "../support/attributes.ts";

/** 2001:db8::/32 by way of 2001:db8::1. */
const REACH = attribute(0x80, 14, `000201 10 ${"20010db8".padEnd(30, "0")}01 00 20 20010db8`.replaceAll(" ", ""));
/** 10.0.0.0/24 */
const NLRI = hex("180a0000");

function update(attributes: Uint8Array, nlri: Uint8Array): Uint8Array {
  return finishMessage(startMessage(MESSAGE.UPDATE, 256).u16(0).u16(attributes.length).bytes(attributes).bytes(nlri));
}

it("keeps a set that nothing retained for the message that names it again, beside a new one", () => {
  const { ingress, peers, ribs, store } = newTables(() => 0.5);
  const session: IngressSession = {
    peer: peers.add(peerOf()), context: IBGP, contextKey: 2,
    rules: {
      ebgp: false, client: true, asNumber: 1, localAsNumber: 1, routerId: 9, clusterIds: [], role: undefined,
      enforceFirstAs: true, rejectAsSets: true, allowOwnAs: 0, isOurs: () => false,
    },
    policy: new CompiledPolicy({ rules: [], default: "accept", missing: false }, true),
    negotiated: [true, true], addPath: [false, false], limits: [],
  };
  const send = (message: Uint8Array) => ingress.apply(message, ingress.read(message, session), session, 1);
  const path = { asPath: [], localPref: 100 };
  for (let others = 0; others <= 64; others++) {
    // Classic NLRI without NEXT_HOP: all is withdrawn, and the set of MP_REACH_NLRI was met for nothing.
    const odd = { ...path, med: others };
    expect(send(update(join(REACH, blockOf(odd)), NLRI)).faults).not.toEqual([]);
    for (let i = 0; i < others; i++) {
      send(update(blockOf({ ...path, nextHop: 0xc000_0201, med: 1_000 * others + i }), NLRI));
    }
    expect(send(update(join(REACH, blockOf({ ...odd, nextHop: 0xc000_0202 })), NLRI)).faults).toEqual([]);
    expect(ribs.map((rib) => rib.received(session.peer))).toEqual([1, 1]);
    const [ipv4, ipv6] = ribs.map((rib) => rib.attributesOf(rib.firstOfPeer(session.peer)));
    expect([store.nextHopOctets(ipv4!), store.nextHopOctets(ipv6!)]).toEqual([4, 16]);
  }
});
