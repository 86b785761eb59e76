import { describe, expect, it } from "vitest";
import { toHex } from "../../src/base/bytes.ts";
import { decodeCommand } from "../../src/control/decode-command.ts";
import type { DecodeInput } from "../../src/control/decode-command.ts";
import { KEEPALIVE } from "../../src/messages/keepalive.ts";
import { encodeOpen } from "../../src/messages/open.ts";
import { encodeAttributes } from "../../src/messages/describe.ts";
import { encodeUpdate } from "../../src/messages/update.ts";
import { ipPacket, mrtRecord, octets, pcapFile } from "../support/captures.ts";

async function decode(input: DecodeInput): Promise<{ code: number; answers: Record<string, unknown>[] }> {
  const answers: Record<string, unknown>[] = [];
  const code = await decodeCommand(input, async (line) => {
    expect(line.endsWith("\n")).toBe(true);
    answers.push(JSON.parse(line) as Record<string, unknown>);
    return true;
  });
  return { code, answers };
}
async function* linesOf(...lines: string[]): AsyncGenerator<string> {
  yield* lines;
}

const prefix = { address: Uint8Array.of(10, 0, 0, 64), length: 26 };
const attributes = encodeAttributes({ origin: "igp", asPath: [{ type: "sequence", asns: [64513] }], localPref: 100 });
const nextHop = Uint8Array.of(192, 0, 2, 1);
const announced = [{ prefix, pathId: 7 }];
const update = (addPath: boolean, fourOctetAs = true): Uint8Array =>
  encodeUpdate({ family: "ipv4-unicast", announced, attributes, nextHop, addPath, fourOctetAs });

describe("decode of lines", () => {
  it("answers each line, hex or object, as its session would read it", async () => {
    const { code, answers } = await decode({ lines: linesOf(toHex(KEEPALIVE), "", toHex(update(false)),
      JSON.stringify({ hex: toHex(update(true)), addPath: ["ipv4-unicast"] }),
      JSON.stringify({ hex: toHex(update(false, false)), asNumberSize: 2 }),
      JSON.stringify({ hex: toHex(update(false)), peer: "ebgp" })) });
    expect(code).toBe(0);
    expect(answers.map(({ type }) => type)).toEqual(["keepalive", "update", "update", "update", "update"]);
    expect(answers[1]).toMatchObject({ announced: [{ prefix: "10.0.0.64/26", nextHop: "192.0.2.1" }],
      attributes: { localPref: 100 }, disposition: "ok" });
    expect(answers[2]).toMatchObject({ announced: [{ prefix: "10.0.0.64/26", pathId: 7 }] });
    expect(answers[3]).toMatchObject({ attributes: { asPath: [{ type: "sequence", asns: [64513] }] } });
    expect(answers[4]!["attributes"]).not.toHaveProperty("localPref");
  });
  it("gives a header's fault as an answer and exits 0: the input was readable", async () => {
    const { code, answers } = await decode({ lines: linesOf("00".repeat(19)) });
    expect(code).toBe(0);
    expect(answers).toMatchObject([{ type: "error", disposition: "reset", faults: [{ code: 1, subcode: 1 }] }]);
  });
  it.each([
    ["ffx", "neither hexadecimal"],
    ["fff", "neither hexadecimal"],
    ['{"hex": ', "not JSON"],
    ['{"hax": "ff"}', 'unknown key "hax"'],
    ['{"peer": "ebgp"}', "hex is missing"],
    ['{"hex": 5}', "hex is not hexadecimal"],
    ['{"hex": "ff", "peer": "x"}', "peer is not"],
    ['{"hex": "ff", "asNumberSize": 3}', "asNumberSize is not 2 or 4"],
    ['{"hex": "ff", "addPath": ["ipv5"]}', "addPath is not"],
    ['{"__proto__": "ff"}', "unknown key"],
  ])("says what is wrong with %s, goes on, and exits 1", async (line, why) => {
    const { code, answers } = await decode({ lines: linesOf(line, toHex(KEEPALIVE)) });
    expect(code).toBe(1);
    expect(JSON.stringify(answers[0])).toContain(JSON.stringify(`line 1: ${why}`).slice(1, -1));
    expect(answers[1]).toEqual({ type: "keepalive" });
  });
  it("writes each answer before it asks for the next line", async () => {
    const order: string[] = [];
    async function* lines(): AsyncGenerator<string> {
      for (const name of ["a", "b"]) {
        order.push(`read ${name}`);
        yield toHex(KEEPALIVE);
      }
    }
    await decodeCommand({ lines: lines() }, async () => {
      await Promise.resolve();
      order.push("written");
      return true;
    });
    expect(order).toEqual(["read a", "written", "read b", "written"]);
  });
  it("stops when nobody reads any more", async () => {
    let written = 0;
    const code = await decodeCommand({ lines: linesOf(toHex(KEEPALIVE), "zz", toHex(KEEPALIVE)) },
      async () => ++written < 2);
    expect([code, written]).toEqual([0, 2]);
  });
});

describe("decode of captures", () => {
  it("reads UPDATEs as the captured OPENs agreed", async () => {
    const [a, b] = ["192.0.2.1:4000", "192.0.2.2:179"];
    const families = [{ afi: 1, safi: 1, send: true, receive: true }];
    const open = encodeOpen({ asNumber: 64512, holdTimeSeconds: 90, routerId: 1,
      capabilities: [{ name: "fourOctetAs", asNumber: 64512 }, { name: "addPath", families }] });
    const frames = [
      ipPacket({ from: b, to: a, sequence: 0, payload: open }),
      ipPacket({ from: a, to: b, sequence: 0, payload: octets.join(open, update(true)) }),
    ];
    const { code, answers } = await decode({ pcap: pcapFile(101, frames) });
    expect(code).toBe(0);
    expect(answers.map(({ type }) => type)).toEqual(["open", "open", "update"]);
    expect(answers[2]).toMatchObject({ time: "2024-01-01T00:00:01.500Z", from: a, to: b,
      announced: [{ prefix: "10.0.0.64/26", pathId: 7 }], disposition: "ok" });
  });
  it("exits 1 for a file that is no capture", async () => {
    const { code, answers } = await decode({ pcap: new Uint8Array(100) });
    expect([code, answers]).toEqual([1, [{ type: "passed-over", why: "this is neither pcap nor pcapng" }]]);
  });
  it("reads MRT messages and states", async () => {
    const { join, be16, be32 } = octets;
    const header = join(be32(64513), be32(64512), be16(0), be16(1), [192, 0, 2, 1], [192, 0, 2, 2]);
    const file = join(mrtRecord(16, 4, join(header, update(false))), mrtRecord(16, 5, join(header, be16(6), be16(1))),
      mrtRecord(16, 4, join(header, new Uint8Array(19))));
    const { code, answers } = await decode({ mrt: file });
    expect(code).toBe(0);
    expect(answers).toMatchObject([{ type: "update", from: "192.0.2.1" },
      { type: "state-change", before: "Established", after: "Idle" },
      { type: "error", disposition: "reset", faults: [{ code: 1, subcode: 1, data: "" }] }]);
  });
});
