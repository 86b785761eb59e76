import { describe, expect, it } from "vitest";
import { formatPrefix, parsePrefix } from "../../src/base/prefix.ts";
import { labNodes, octets, SPEAKERS } from "./support.ts";
import { LabSpeaker, SPEAKER_CAPABILITIES } from "../../src/lab/speaker.ts";
import { decodeMessage } from "../../src/messages/decode.ts";
import { encodeAttributes } from "../../src/messages/describe.ts";
import type { Family } from "../../src/messages/families.ts";
import { negotiate } from "../../src/messages/negotiation.ts";
import { encodeUpdate } from "../../src/messages/update.ts";
import type { SessionFacts } from "../../src/transport/ports.ts";

const open = { version: 4, asNumber: 64512, asField: 64512, holdTimeSeconds: 90, routerId: 1,
  capabilities: SPEAKER_CAPABILITIES };
const FACTS: SessionFacts = {
  negotiated: negotiate(open, open), local: open, remote: open, localAddress: "127.0.0.2",
  remoteAddress: "127.0.0.1", localPort: 1, remotePort: 2, incoming: false };

function speakerUp(): { speaker: LabSpeaker; changes: () => number; woken: () => number } {
  let [changes, woken] = [0, 0];
  const speaker = new LabSpeaker(labNodes(2)[0]!, () => changes++);
  speaker.attach({ wake: () => woken++ });
  speaker.up(FACTS);
  return { speaker, changes: () => changes, woken: () => woken };
}
function drain(speaker: LabSpeaker): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let next = speaker.pull(); next !== undefined; next = speaker.pull()) messages.push(next);
  return messages;
}
const CONTEXT = { ebgp: false, fourOctetAs: true, addPath: ["ipv4-unicast", "ipv6-unicast"] as Family[] };
const item = (text: string, pathId: number): { prefix: { address: Uint8Array; length: number }; pathId: number } =>
  ({ prefix: parsePrefix(text)!, pathId });
const attributes = encodeAttributes({ origin: "igp", asPath: [], localPref: 100, originatorId: "127.0.0.3",
  clusterList: ["244.0.0.1"] });

describe("a speaker of the lab", () => {
  it("announces its blocks of both families, each closed by End-of-RIB", () => {
    const { speaker, woken } = speakerUp();
    const said = drain(speaker).map((message) => decodeMessage(message, CONTEXT));
    expect(said.map(({ endOfRib }) => endOfRib)).toEqual([undefined, "ipv4-unicast", undefined, "ipv6-unicast"]);
    expect(said.every(({ disposition }) => disposition === "ok")).toBe(true);
    const told = said.flatMap(({ announced }) => announced as { prefix: string; nextHop: string; pathId: number }[]);
    expect(told.map(({ prefix }) => prefix)).toEqual(speaker.node.blocks.map(formatPrefix));
    expect(told.map(({ nextHop }) => nextHop)).toEqual(["127.0.0.2", "127.0.0.2", "fd00:10:96::1"]);
    expect(said[0]!["attributes"]).toEqual({ origin: "igp", asPath: [], localPref: 100 });
    expect(woken()).toBeGreaterThan(0);
  });
  it("says it again when asked to refresh one family", () => {
    const { speaker } = speakerUp();
    const first = drain(speaker);
    speaker.routeRefresh({ afi: 2, safi: 1, subtype: 0 });
    expect(drain(speaker)).toEqual(first.slice(2));
    speaker.routeRefresh({ afi: 2, safi: 1, subtype: 1 });
    speaker.routeRefresh({ afi: 25, safi: 70, subtype: 0 });
    expect(drain(speaker)).toEqual([]);
  });
  it("keeps what it is told by prefix and path, and forgets what is withdrawn", () => {
    const { speaker, changes } = speakerUp();
    const before = changes();
    const nextHop = octets("127.0.0.3");
    const family: Family = "ipv4-unicast";
    const announced = [item("10.1.0.0/26", 1), item("10.1.0.0/26", 2), item("10.2.0.0/26", 1)];
    expect(speaker.update(encodeUpdate({ family, announced, attributes, nextHop, addPath: true }))).toBeUndefined();
    expect(speaker.table).toMatchObject([
      { prefix: "10.1.0.0/26", pathId: 1, nextHop: "127.0.0.3", originatorId: "127.0.0.3", clusterList: ["244.0.0.1"] },
      { prefix: "10.1.0.0/26", pathId: 2 }, { prefix: "10.2.0.0/26", pathId: 1 }]);
    speaker.update(encodeUpdate({ family, withdrawn: [item("10.1.0.0/26", 1)], addPath: true }));
    expect(speaker.table.map(({ pathId }) => pathId)).toEqual([2, 1]);
    expect(changes()).toBe(before + 2);
    speaker.down();
    expect(speaker.table).toEqual([]);
  });
  it("keeps IPv6 routes apart", () => {
    const { speaker } = speakerUp();
    const announced = [item("fd00::/64", 1)];
    const nextHop = octets("fd00::9");
    speaker.update(encodeUpdate({ family: "ipv6-unicast", announced, attributes, nextHop, addPath: true }));
    expect(speaker.table).toMatchObject([{ prefix: "fd00::/64", nextHop: "fd00::9" }]);
    speaker.update(encodeUpdate({ family: "ipv6-unicast", withdrawn: announced, addPath: true }));
    expect(speaker.table).toEqual([]);
  });
  it("treats a faulty announcement as a withdrawal, and hands back what must end the session", () => {
    const { speaker } = speakerUp();
    const announced = [item("10.1.0.0/26", 1)];
    const said = { family: "ipv4-unicast", announced, nextHop: octets("127.0.0.3"), addPath: true } as const;
    speaker.update(encodeUpdate({ ...said, attributes }));
    speaker.update(encodeUpdate({ ...said, attributes: encodeAttributes({ asPath: [] }) }));
    expect(speaker.table).toEqual([]);
    const broken = encodeUpdate({ ...said, attributes }).slice(0, -1);
    expect(speaker.update(broken)).toMatchObject({ disposition: "reset", code: 3, subcode: 10 });
    expect(speaker.update(broken.subarray(0, 22))).toMatchObject({ disposition: "reset", code: 3, subcode: 1 });
  });
});

describe("the plan", () => {
  it.each(SPEAKERS)("gives %i nodes addresses and blocks that nobody shares", (count) => {
    const nodes = labNodes(count);
    expect(new Set(nodes.map(({ address }) => address)).size).toBe(count);
    const blocks = nodes.flatMap((node) => node.blocks.map(formatPrefix));
    expect(new Set(blocks).size).toBe(3 * count);
    expect(blocks.every((text) => parsePrefix(text) !== undefined)).toBe(true);
  });
});
