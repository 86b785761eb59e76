/** The golden vectors of test/vectors: decoded, encoded, compared with the naive decoder, and cut at every octet. */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/base/address.ts";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { parsePrefix } from "../../src/base/prefix.ts";
import type { DecodeContext, DecodedMessage } from "../../src/messages/decode.ts";
import { decodeMessage } from "../../src/messages/decode.ts";
import { encodeAttributes } from "../../src/messages/describe.ts";
import type { Family } from "../../src/messages/families.ts";
import { KEEPALIVE } from "../../src/messages/keepalive.ts";
import type { NlriItem } from "../../src/messages/nlri.ts";
import type { Notification } from "../../src/messages/notification.ts";
import { decodeNotification, encodeNotification } from "../../src/messages/notification.ts";
import type { OpenMessage } from "../../src/messages/open.ts";
import { decodeOpen, encodeOpen } from "../../src/messages/open.ts";
import type { RouteRefresh } from "../../src/messages/route-refresh.ts";
import { encodeRouteRefresh } from "../../src/messages/route-refresh.ts";
import { encodeUpdate, endOfRib } from "../../src/messages/update.ts";
import { framed } from "../support/arbitraries-messages.ts";
import { naiveUpdate } from "../support/naive-decoder.ts";

interface Vector {
  readonly name: string;
  readonly source: string;
  readonly context: DecodeContext;
  readonly bothWays: boolean;
  readonly octets: Uint8Array;
  readonly expected: DecodedMessage;
}
interface Route {
  readonly family: Family;
  readonly prefix: string;
  readonly pathId?: number;
  readonly nextHop?: string;
}

const FOLDER = new URL("../vectors/", import.meta.url);
const VECTORS = readdirSync(FOLDER).filter((file) => file.endsWith(".md") && file !== "README.md").flatMap((file) => (
  readFileSync(new URL(file, FOLDER), "utf8").split(/^## /m).slice(1).map(parseVector)
));

function parseVector(text: string): Vector {
  const [head = "", json] = text.split(/```(?:json)?\n/);
  const lines = head.split("\n");
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, "m").exec(head)?.[1] ?? "";
  const session = field("Session");
  const hex = lines.filter((line) => /^ {4}/.test(line)).map((line) => line.trim().split("  ")[0]).join("");
  const octets = fromHex(hex);
  if (octets === undefined || json === undefined) throw new Error(`not a vector: ${lines[0]}`);
  return {
    name: lines[0]!, source: field("Source"), bothWays: lines.includes("Both ways"), octets, expected: JSON.parse(json),
    context: {
      ebgp: session.includes("eBGP"), fourOctetAs: session.includes("4-octet AS"),
      addPath: [...session.matchAll(/ADD-PATH (ipv[46]-unicast)/g)].map((match) => match[1] as Family),
    },
  };
}

/** The message that a decoder's answer describes, by our encoders. */
function encode(answer: DecodedMessage, octets: Uint8Array, context: DecodeContext): Uint8Array {
  switch (answer.type) {
    case "keepalive": return KEEPALIVE;
    case "open": return encodeOpen(decodeOpen(octets) as OpenMessage);
    case "notification": return encodeNotification(decodeNotification(octets) as Notification);
    case "route-refresh": return encodeRouteRefresh(answer as unknown as RouteRefresh);
    default: return encodeRoutes(answer, context);
  }
}

function encodeRoutes(answer: DecodedMessage, { addPath, fourOctetAs }: DecodeContext): Uint8Array {
  if (answer["endOfRib"] !== undefined) return endOfRib(answer["endOfRib"] as Family);
  const [announced, withdrawn] = [answer["announced"] as Route[], answer["withdrawn"] as Route[]];
  const item = ({ prefix, pathId }: Route): NlriItem => (
    { prefix: parsePrefix(prefix)!, ...(pathId === undefined ? {} : { pathId }) }
  );
  const { family } = [...announced, ...withdrawn][0]!;
  const nextHop = announced[0]?.nextHop;
  return encodeUpdate({
    family, announced: announced.map(item), withdrawn: withdrawn.map(item), fourOctetAs,
      addPath: addPath.includes(family),
    attributes: encodeAttributes(answer["attributes"] as object),
    ...(nextHop === undefined ? {} : { nextHop: parseAddress(nextHop)! }),
  });
}

/** What faults say in words is not compared. */
function wordless(answer: DecodedMessage): DecodedMessage {
  const faults = answer["faults"] as { why: string }[] | undefined;
  return faults === undefined ? answer : { ...answer, faults: faults.map(({ why: _, ...fault }) => fault) };
}

it("there are vectors of every kind", () => {
  const types = new Set(VECTORS.map(({ expected }) => expected.type));
  expect(types).toEqual(new Set(["open", "update", "notification", "keepalive", "route-refresh", "error"]));
});

describe.each(VECTORS)("$name ($source)", ({ octets, context, expected, bothWays, source }) => {
  it("names its source", () => {
    expect(source).toMatch(/RFC \d+/);
  });

  it("is decoded", () => {
    expect(wordless(decodeMessage(octets, context))).toEqual(expected);
  });

  if (bothWays) it("is encoded", () => {
    expect(toHex(encode(expected, octets, context))).toBe(toHex(octets));
  });

  if (octets[18] === 2) it("is what the naive decoder reads", () => {
    const naive = naiveUpdate(octets, context);
    expect(naive.disposition).toBe(expected["disposition"]);
    if (naive.disposition === "reset") return;
    expect(naive.announced).toEqual(expected["announced"]);
    expect(naive.withdrawn).toEqual(expected["withdrawn"]);
  });

  it("is an error wherever it is cut, and no throw when the length agrees with the cut", () => {
    for (let length = 0; length < octets.length; length++) {
      expect(decodeMessage(octets.subarray(0, length), context)).toMatchObject({ type: "error", disposition: "reset" });
      if (length < 19) continue;
      const answer = decodeMessage(framed(octets[18]!, octets.subarray(19, length)), context);
      if (octets[18] === 1) expect(answer.type).toBe("error"); // no part of an OPEN is an OPEN
    }
  });
});
