/** Standard input of `decode`, however it is cut. */

import { PassThrough } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { decode } from "../../src/main/decode.ts";
import { cliIo, Sink } from "../control/terminal.ts";

it("takes a line for what it is wherever its octets are cut", async () => {
  const octets = Buffer.from('{"schlüssel": 1}\n{"ключ": 1}');
  const stdin = new PassThrough();
  const stdout = new Sink();
  const code = decode({ source: { kind: "stdin" } }, cliIo(stdout, new Sink(), { stdin }));
  for (const octet of octets) {
    stdin.write(Uint8Array.of(octet));
    await nextTurn(); // or all are read at once
  }
  stdin.end();
  expect(await code).toBe(1);
  expect(stdout.text.trim().split("\n").map((line) => (JSON.parse(line) as { faults: unknown }).faults)).toMatchObject([
    [{ why: expect.stringContaining('"schlüssel"') }], [{ why: expect.stringContaining('"ключ"') }],
  ]);
});
