/** Laws of the codec: round trips, agreement with a naive decoder, and no octets that make it throw. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeMessage } from "../../src/messages/decode.ts";
import { describeAttributes, encodeAttributes } from "../../src/messages/describe.ts";
import { isFault } from "../../src/messages/fault.ts";
import { Framer } from "../../src/messages/framer.ts";
import { EXTENDED_MESSAGE_OCTETS_MAX } from "../../src/messages/header.ts";
import { decodeOpen, encodeOpen } from "../../src/messages/open.ts";
import type { OpenMessage } from "../../src/messages/open.ts";
import { readAttributes } from "../../src/messages/attributes/read.ts";
import { naiveUpdate } from "../support/naive-decoder.ts";
import * as arbitrary from "../support/arbitraries-messages.ts";

type Json = Record<string, unknown>;

/** Both decoders' answers in one form: hex of extended communities, AS paths without the borders of sequences. */
function comparable(update: Json): Json {
  const attributes = { ...(update["attributes"] as Json) };
  for (const key of ["extendedCommunities", "ipv6ExtendedCommunities"]) {
    const list = attributes[key] as (string | { hex: string })[] | undefined;
    if (list !== undefined) attributes[key] = list.map((item) => (typeof item === "string" ? item : item.hex));
  }
  const path = attributes["asPath"] as { type: string; asns: number[] }[] | undefined;
  const flat = path?.flatMap((s): (number | number[])[] => (s.type === "set" ? [s.asns] : s.asns));
  if (flat !== undefined) attributes["asPath"] = flat;
  return { ...update, attributes };
}

function expectAgreement(message: Uint8Array, context: arbitrary.Session): string {
  const naive = naiveUpdate(message, context);
  const real = decodeMessage(message, context);
  if (real.type === "error") {
    expect(naive.disposition).toBe("reset");
    return "error";
  }
  expect(real["disposition"], JSON.stringify(real["faults"])).toBe(naive.disposition);
  if (naive.disposition === "reset") return "reset";
  const { announced, withdrawn, attributes } = real;
  const wanted = { announced: naive.announced, withdrawn: naive.withdrawn, attributes: naive.attributes };
  expect(comparable({ announced, withdrawn, attributes })).toEqual(comparable(wanted));
  return naive.disposition;
}

describe("UPDATE", () => {
  it("is read as the naive decoder reads it", () => {
    const met = new Set<string>();
    fc.assert(fc.property(arbitrary.updateMessage, ({ message, context }) => {
      met.add(expectAgreement(message, context));
    }), { numRuns: 500 });
    expect([...met].sort()).toEqual(expect.arrayContaining(["ok", "discard", "withdraw"]));
  });

  it("is read as the naive decoder reads it when octets are wrong", () => {
    const met = new Set<string>();
    const changed = arbitrary.updateMessage.chain(({ message, context }) => (
      fc.record({ message: arbitrary.mutated(message), context: fc.constant(context) })
    ));
    fc.assert(fc.property(changed, ({ message, context }) => {
      met.add(expectAgreement(message, context));
    }), { numRuns: 800 });
    expect([...met].sort()).toEqual(["discard", "error", "ok", "reset", "withdraw"]);
  });

  it("is read as the naive decoder reads it when its body is noise", () => {
    const body = fc.tuple(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(0, 0, 1, 4))
      .map(([noise, withdrawn]) => {
        const attributes = noise.slice(withdrawn);
        const gone = noise.slice(0, withdrawn);
        return Uint8Array.from([0, gone.length, ...gone, 0, attributes.length, ...attributes]);
      });
    fc.assert(fc.property(body, arbitrary.decodeContext, (octets, context) => {
      expectAgreement(arbitrary.framed(2, octets), context);
    }), { numRuns: 500 });
  });
});

describe("attribute blocks", () => {
  it("come back from JSON", () => {
    fc.assert(fc.property(arbitrary.routeAttributes, (attributes) => {
      const block = encodeAttributes(attributes);
      const { extendedCommunities: _, ...described } = describeAttributes(block);
      expect(described).toEqual(attributes);
    }));
  });

  it("are their own canonical form", () => {
    const context = { ebgp: false, fourOctetAs: true, addPath: [], extendedNextHop: [], loopback: false, families: [] };
    fc.assert(fc.property(arbitrary.routeAttributes, (attributes) => {
      const block = encodeAttributes(attributes);
      const reading = readAttributes(block, 0, block.length, context);
      expect(reading.faults).toEqual([]);
      expect(reading.block).toEqual(block);
    }));
  });
});

describe("OPEN", () => {
  it("comes back", () => {
    const forms = new Set<boolean>();
    fc.assert(fc.property(arbitrary.open, (open) => {
      const octets = encodeOpen(open);
      const decoded = decodeOpen(octets);
      expect(isFault(decoded), JSON.stringify(decoded)).toBe(false);
      const { version, asField, ...rest } = decoded as OpenMessage;
      expect(rest).toEqual(open);
      expect(version).toBe(4);
      expect(asField).toBe(open.asNumber > 65535 ? 23456 : open.asNumber);
      forms.add(octets[29] === 255);
    }), { numRuns: 300 });
    expect(forms).toEqual(new Set([true, false])); // both the classic and the extended form were written
  });
});

describe("any octets", () => {
  it("give a value or a fault", () => {
    const type = fc.integer({ min: 0, max: 6 });
    fc.assert(fc.property(type, fc.uint8Array({ maxLength: 80 }), arbitrary.decodeContext, (number, body, context) => {
      expect(typeof decodeMessage(arbitrary.framed(number, body), context).type).toBe("string");
      expect(typeof decodeMessage(body, context).type).toBe("string");
    }), { numRuns: 800 });
  });

  it("give an OPEN or a fault when an OPEN is changed", () => {
    const met = new Set<string>();
    const changed = arbitrary.open.chain((open) => arbitrary.mutated(encodeOpen(open)));
    fc.assert(fc.property(changed, arbitrary.decodeContext, (octets, context) => {
      met.add(decodeMessage(octets, context).type);
    }), { numRuns: 500 });
    expect(met).toEqual(new Set(["open", "error"]));
  });

  it("give a value or a fault when a good message is cut and its length corrected", () => {
    const message = fc.oneof(arbitrary.updateMessage.map((u) => u.message), arbitrary.open.map((o) => encodeOpen(o)));
    fc.assert(fc.property(message, arbitrary.decodeContext, (whole, context) => {
      for (let length = 19; length < whole.length; length++) {
        const cut = arbitrary.framed(whole[18]!, whole.subarray(19, length));
        expect(typeof decodeMessage(cut, context).type).toBe("string");
      }
    }), { numRuns: 60 });
  });
});

describe("the framer", () => {
  it("gives the same messages however the stream is cut", () => {
    const keepalive = fc.constant(arbitrary.framed(4, new Uint8Array(0)));
    const message = fc.oneof(arbitrary.updateMessage.map((u) => u.message), keepalive);
    const stream = fc.array(message, { minLength: 1, maxLength: 6 });
    const cuts = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 12 });
    fc.assert(fc.property(stream, cuts, fc.boolean(), (messages, sizes, eager) => {
      const octets = Uint8Array.from(messages.flatMap((m) => [...m]));
      const framer = new Framer();
      framer.maxOctets = EXTENDED_MESSAGE_OCTETS_MAX;
      const found: Uint8Array[] = [];
      const drain = (): void => {
        for (let next = framer.next(); next !== undefined; next = framer.next()) {
          found.push((next as Uint8Array).slice());
        }
      };
      let at = 0;
      for (const size of [...sizes, octets.length]) {
        framer.push(octets.slice(at, Math.min(octets.length, at + size)));
        at = Math.min(octets.length, at + size);
        if (eager) drain();
      }
      drain();
      expect(found).toEqual(messages);
      expect(framer.bufferedOctets).toBe(0);
    }), { numRuns: 200 });
  });
});
