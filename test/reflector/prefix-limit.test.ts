/** What happens when a peer announces more than it may: each action of a prefix limit. */

import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/base/address.ts";
import { toHex } from "../../src/base/bytes.ts";
import { parsePrefix } from "../../src/base/prefix.ts";
import type { PrefixLimit } from "../../src/config/intent.ts";
import { newTables } from "../../src/daemon/tables.ts";
import type { Tables } from "../../src/daemon/tables.ts";
import { encodeUpdate } from "../../src/messages/update.ts";
import { CompiledPolicy } from "../../src/reflector/filters.ts";
import type { IngressResult, IngressSession } from "../../src/reflector/ingress.ts";
import { peerOf } from "../rib/build.ts";
import { IBGP } from "../support/attributes.ts";
import { blockOf } from "../support/reflector-world.ts";

interface Bench { readonly tables: Tables; readonly session: IngressSession }

function bench(limit: Partial<PrefixLimit> | undefined): Bench {
  const tables = newTables(() => 0.5);
  const session: IngressSession = {
    peer: tables.peers.add(peerOf({ routerId: 1 })), context: IBGP, contextKey: 2,
    rules: {
      ebgp: false, client: true, asNumber: 1, localAsNumber: 1, routerId: 9, clusterIds: [], role: undefined,
        enforceFirstAs: true,
      rejectAsSets: true, allowOwnAs: 0, isOurs: () => false,
    },
    policy: new CompiledPolicy({ rules: [], default: "accept", missing: false }, true), negotiated: [true, true],
      addPath: [false, false],
    limits: limit === undefined ? [] : [{ max: 3, action: "warn", restartSeconds: 60, ...limit }],
  };
  return { tables, session };
}

function send({ tables, session }: Bench, announced: readonly number[], withdrawn: readonly number[] = [],
  origin: 0 | 1 = 0): IngressResult {
  const items = (list: readonly number[]) => list.map((i) => ({ prefix: parsePrefix(`10.0.${i}.0/24`)! }));
  const message = encodeUpdate({
    family: "ipv4-unicast", announced: items(announced), withdrawn: items(withdrawn),
    ...(announced.length > 0 ? { attributes: blockOf({ origin, asPath: [], nextHop: "" }),
      nextHop: parseAddress("192.0.2.1")! } : {}),
  });
  return tables.ingress.apply(message, tables.ingress.read(message, session), session, 1);
}

const held = ({ tables, session }: Bench): number => tables.ribs[0]!.received(session.peer);

describe("a prefix limit", () => {
  it("says nothing up to the limit", () => {
    const on = bench({ action: "shutdown" });
    expect(send(on, [1, 2, 3])).toMatchObject({ end: undefined, crossed: undefined });
    expect(send(on, [1, 2, 3], [], 1)).toMatchObject({ end: undefined, crossed: undefined });
    expect(held(on)).toBe(3);
  });

  it("warns once, and again after the peer was below it", () => {
    const on = bench({ action: "warn" });
    expect(send(on, [1, 2, 3, 4]).crossed).toBeDefined();
    expect(send(on, [5]).crossed).toBeUndefined();
    expect(held(on)).toBe(5);
    send(on, [], [1, 2, 3]);
    expect(send(on, [1]).crossed).toBeUndefined();
    expect(send(on, [2]).crossed).toBeDefined();
  });

  it("drops what is too much, says so, and lets what is held change", () => {
    const on = bench({ action: "drop" });
    const first = send(on, [1, 2, 3, 4, 5]);
    expect(first.crossed).toBeDefined();
    expect(first.end).toBeUndefined();
    expect(held(on)).toBe(3);
    expect(on.tables.ribs[0]!.prefixes.size).toBe(3);
    expect(send(on, [6]).crossed).toBeDefined();
    expect(send(on, [1, 2, 3], [], 1).crossed).toBeUndefined();
    send(on, [], [1]);
    expect(send(on, [7]).crossed).toBeUndefined();
    expect(held(on)).toBe(3);
    expect(send(on, [8]).crossed).toBeDefined();
  });

  it.each(["restart", "shutdown"] as const)("ends the session: %s", (action) => {
    const on = bench({ action });
    const { end, crossed } = send(on, [1, 2, 3, 4]);
    expect(crossed).toMatchObject({ limit: { action } });
    expect(end).toMatchObject({ disposition: "reset", code: 6, subcode: 1 });
    expect(toHex(end!.data)).toBe("00010100000003");
  });

  it("that was lowered below what is held ends the session at the next route", () => {
    const on = bench(undefined);
    send(on, [1, 2, 3, 4, 5]);
    const lowered = { ...on, session: { ...on.session,
      limits: [{ max: 3, action: "shutdown" as const, restartSeconds: 0 }] } };
    expect(send(lowered, [6]).end).toMatchObject({ code: 6, subcode: 1 });
  });

  it("counts what is received, whatever the policy makes of it", () => {
    const on = bench({ action: "shutdown" });
    const strict = { ...on, session: { ...on.session,
      policy: new CompiledPolicy({ rules: [], default: "reject", missing: false }, true) } };
    expect(send(strict, [1, 2, 3, 4]).end).toBeDefined();
    expect(on.tables.ribs[0]!.accepted(on.session.peer)).toBe(0);
  });
});

describe("an UPDATE", () => {
  it("may withdraw the last path of a set and announce the set anew", () => {
    const on = bench(undefined);
    send(on, [1]);
    send(on, [2], [1]);
    expect(held(on)).toBe(1);
    expect(on.tables.store.size).toBe(1);
  });

  it("that is read changes nothing", () => {
    const on = bench(undefined);
    const items = [{ prefix: parsePrefix("10.0.0.0/24")! }];
    const message = encodeUpdate({ family: "ipv4-unicast", announced: items,
      attributes: blockOf({ origin: 0, asPath: [], nextHop: "" }), nextHop: parseAddress("192.0.2.1")! });
    for (let i = 0; i < 3; i++) on.tables.ingress.read(message, on.session);
    expect(held(on)).toBe(0);
    on.tables.store.collect();
    expect(on.tables.store.size).toBe(0);
  });
});
