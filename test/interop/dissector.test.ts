/** What tshark faults and what it does not: the measure of every other suite, measured on messages written by hand. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dissect, messagesOf, writeCapture } from "../support/lab/capture.ts";
import type { Dissection } from "../support/lab/capture.ts";
import { interopSuite } from "../support/lab/suite.ts";

const MARKER = "ff".repeat(16);
const KEEPALIVE = `${MARKER}001304`;
/** ORIGIN IGP, empty AS_PATH, NEXT_HOP 192.0.2.1, LOCAL_PREF 100. */
const ATTRIBUTES = "40010100" + "400200" + "400304c0000201" + "40050400000064";

/** An UPDATE of these attributes and NLRI, in hex. */
function update(attributes: string, nlri: string, attributeOctets: number = attributes.length / 2): string {
  const body = `0000${attributeOctets.toString(16).padStart(4, "0")}${attributes}${nlri}`;
  return `${MARKER}${(19 + body.length / 2).toString(16).padStart(4, "0")}02${body}`;
}

interopSuite("tshark as a judge", ["tshark"], () => {
  let folder: string;
  beforeAll(() => { folder = mkdtempSync(join(tmpdir(), "reflectd-dissector-")); });
  afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

  function judge(...messages: string[]): Promise<Dissection> {
    const file = join(folder, "hand.pcap");
    writeCapture(file, messages.map((hex) => Buffer.from(hex, "hex")));
    return dissect(file, ["192.0.2.1"]);
  }

  it("reads well-formed messages without a word", async () => {
    const { messages, findings } = await judge(KEEPALIVE, update(ATTRIBUTES, "1a0a410040"));
    expect(messages).toEqual({ 2: 1, 4: 1 });
    expect(findings).toEqual([]);
  });

  it("finds an attribute that leaves its message", async () => {
    const bad = update("40010100" + "400200" + "4003ffc0000201", "1a0a410040");
    const { findings } = await judge(bad);
    expect(findings).toHaveLength(1);
    expect(messagesOf(findings[0]?.hex ?? "")).toEqual([bad]);
  });

  it("finds a prefix longer than its family", async () => {
    expect((await judge(update(ATTRIBUTES, "280a410040ff"))).findings).toHaveLength(1);
  });

  it("finds a fault in the second half of a message that spans segments", async () => {
    const bad = update("40010100" + "400200" + "4003ffc0000201", "1a0a410040");
    const { findings } = await judge(bad.slice(0, 50), bad.slice(50));
    expect(findings).toHaveLength(1);
    expect(findings[0]?.hex).toContain(bad);
  });

  it("mistakes a default route beside other prefixes for ADD-PATH, which is accepted by its bytes", async () => {
    expect((await judge(update(ATTRIBUTES, "00" + "1a0a410040" + "1a0a410080"))).findings).toEqual([]);
    expect((await judge(update(ATTRIBUTES, "1a0a410000" + "00"))).findings).toEqual([]);
  });

  it("accepts that mistake only where the message is sound to its last octet", async () => {
    expect((await judge(update(ATTRIBUTES, "00" + "1a0a410040" + "1a0a41"))).findings).toHaveLength(1);
    const bad = update("40010100" + "400200" + "4003ffc0000201", "1a0a410040");
    expect((await judge(update(ATTRIBUTES, "00" + "1a0a410040") + bad)).findings).toHaveLength(1);
  });
});
