/** How routes are packed: full messages and not one octet more, one encoding for all, nothing that cannot be sent. */

import { describe, expect, it } from "vitest";
import { IPV4_UNICAST, IPV6_UNICAST } from "../../src/messages/families.ts";
import { REFLECTOR_LIMITS } from "../../src/reflector/limits.ts";
import type { NaiveAttributes } from "../support/naive-exporter.ts";
import { ACCEPT, Neighbour, OURS, World } from "../support/reflector-world.ts";
import type { Capabilities } from "../support/reflector-world.ts";

const PLAIN: Capabilities = {
  fourOctetAs: true, addPathReceive: false, addPathSend: false, extendedMessages: false, extendedNextHop: false,
  enhancedRefresh: false, families: ["ipv4-unicast", "ipv6-unicast"],
};
const A: NaiveAttributes = { origin: 0, asPath: [], nextHop: "192.0.2.1" };
/** A reflected route of set A with an unknown attribute of n octets beyond 255: header 23, attributes 52 + n. */
const FIXED = 23 + 4 + 3 + 7 + 7 + 7 + 7 + 4;

function world(...capabilities: readonly Partial<Capabilities>[]): World {
  const neighbours = capabilities.map((_, i) => new Neighbour({
    name: `n${i}`, kind: "client", clusterId: OURS.clusterIds[0], asn: OURS.asn, localAs: OURS.asn, routerId: i + 1,
    address: `10.0.0.${i + 1}`, imports: ACCEPT, exports: ACCEPT, nextHop: "auto", addPathMax: 0,
      extendedNextHop: false,
    self: { "ipv4-unicast": OURS.ipv4, "ipv6-unicast": OURS.ipv6 }, messageOctetsMax: 4096,
  }));
  const made = new World(neighbours, REFLECTOR_LIMITS, 1, {});
  neighbours.forEach((neighbour, i) => made.up(neighbour, { ...PLAIN, ...capabilities[i] }));
  made.drain();
  return made;
}

/** Messages that a neighbour is sent. */
function messages(of: World, i: number): Uint8Array[] {
  while (of.busy) of.pump();
  const { session } = of.neighbours[i]!;
  of.pull(of.neighbours[i]!, 10_000);
  const octets = session!.wire.flatMap((piece) => [...piece]);
  const found: Uint8Array[] = [];
  for (let at = 0; at < octets.length;) {
    const length = octets[at + 16]! * 256 + octets[at + 17]!;
    found.push(Uint8Array.from(octets.slice(at, at + length)));
    at += length;
  }
  return found;
}

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `10.${i >> 8}.${i & 255}.7/32`);
const manyWide = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `2001:db8::${(i + 1).toString(16)}/128`);
const unknownOf = (octets: number): string => "5a".repeat(octets);

describe("messages", () => {
  it("are filled to the last NLRI that fits", () => {
    const made = world({}, {});
    for (let i = 0; i < 2000; i += 500) {
      made.update(made.neighbours[0]!, IPV4_UNICAST,
        { announced: many(2000).slice(i, i + 500), withdrawn: [], receivedId: 0, attributes: A });
    }
    const sent = messages(made, 1);
    // Header, ORIGIN, AS_PATH, NEXT_HOP, LOCAL_PREF, ORIGINATOR_ID, CLUSTER_LIST, then five octets each.
    const each = Math.floor((4096 - FIXED + 4) / 5);
    expect(sent.map(({ length }) => length)).toEqual([FIXED - 4 + each * 5, FIXED - 4 + each * 5,
      FIXED - 4 + (2000 - 2 * each) * 5]);
    made.settle();
    made.update(made.neighbours[0]!, IPV4_UNICAST,
      { announced: [], withdrawn: many(2000).slice(0, 1000), receivedId: 0, attributes: A });
    const gone = Math.floor((4096 - 23) / 5);
    expect(messages(made, 1).map(({ length }) => length)).toEqual([23 + gone * 5, 23 + (1000 - gone) * 5]);
  });

  it("of IPv6 are filled too, announced and withdrawn", () => {
    const made = world({}, {});
    const attributes = { ...A, nextHop: "2001:db8::1" };
    made.update(made.neighbours[0]!, IPV6_UNICAST,
      { announced: manyWide(300), withdrawn: [], receivedId: 0, attributes });
    const [first] = messages(made, 1);
    expect(first!.length).toBeGreaterThan(4096 - 17);
    expect(first![24]).toBe(14);
    made.drain();
    made.update(made.neighbours[0]!, IPV6_UNICAST,
      { announced: [], withdrawn: manyWide(300), receivedId: 0, attributes });
    const [gone] = messages(made, 1);
    expect(gone!.length).toBeGreaterThan(4096 - 17);
    made.drain();
  });

  it("go up to 65535 octets where both sides can (RFC 8654)", () => {
    const made = world({}, { extendedMessages: true });
    for (let i = 0; i < 16000; i += 500) {
      made.update(made.neighbours[0]!, IPV4_UNICAST,
        { announced: many(16000).slice(i, i + 500), withdrawn: [], receivedId: 0, attributes: A });
    }
    const lengths = messages(made, 1).map(({ length }) => length);
    expect(Math.max(...lengths)).toBeGreaterThan(65535 - 5);
  });

  it("are encoded once for all members", () => {
    const made = world({}, {}, {}, {});
    made.update(made.neighbours[0]!, IPV4_UNICAST,
      { announced: many(20), withdrawn: [], receivedId: 0, attributes: A });
    while (made.busy) made.pump();
    for (const i of [1, 2, 3]) made.pull(made.neighbours[i]!, 1);
    const buffers = [1, 2, 3].map((i) => made.neighbours[i]!.session!.wire[0]!.buffer);
    expect(new Set(buffers).size).toBe(1);
    expect(made.neighbours[0]!.session!.wire).toEqual([]);
    made.drain();
  });
});

describe("a route that may not fit", () => {
  const send = (made: World, octets: number, prefix = "10.1.2.3/32"): void => {
    made.update(made.neighbours[0]!, IPV4_UNICAST,
      { announced: [prefix], withdrawn: [], receivedId: 0, attributes: { ...A, unknown: unknownOf(octets) } });
  };
  const largest = 4096 - FIXED - 5;

  it("is sent in a message that is full to the last octet", () => {
    const made = world({ extendedMessages: true }, {});
    send(made, largest);
    expect(messages(made, 1).map(({ length }) => length)).toEqual([4096]);
    made.drain();
  });

  it("is not sent with one octet more, and counted", () => {
    const made = world({ extendedMessages: true }, {}, { extendedMessages: true });
    send(made, largest + 1);
    expect(messages(made, 1)).toEqual([]);
    expect(messages(made, 2).map(({ length }) => length)).toEqual([4097]);
    const [group] = [...made.reflectors[0]!.groups()].filter(({ target }) => target.fields.messageOctetsMax === 4096);
    expect(group!.tooLong).toBeGreaterThan(0);
    const rib = made.tables.ribs[0]!;
    const counted = made.reflectors[0]!.tooLong;
    const [path] = [rib.firstOfPeer(made.neighbours[0]!.id)];
    expect(group!.whyNot(path!)?.source).toBe("RFC 8654 §4");
    expect(made.reflectors[0]!.tooLong).toBe(counted);
    expect(group!.exports.size).toBe(0);
  });

  it("is withdrawn when it grows beyond it", () => {
    const made = world({ extendedMessages: true }, {});
    send(made, largest);
    made.settle();
    expect(made.neighbours[1]!.session!.receiver.table.size).toBe(1);
    send(made, largest + 1);
    made.settle();
    expect(made.neighbours[1]!.session!.receiver.table.size).toBe(0);
    send(made, 4);
    made.settle();
    expect(made.neighbours[1]!.session!.receiver.table.size).toBe(1);
  });

  it("holds up no other", () => {
    const made = world({ extendedMessages: true }, {});
    send(made, largest + 1, "10.1.2.3/32");
    send(made, 3, "10.1.2.4/32");
    send(made, largest + 2, "10.1.2.5/32");
    made.settle();
    expect([...made.neighbours[1]!.session!.receiver.table.keys()]).toEqual(["ipv4-unicast 10.1.2.4/32"]);
  });
});
