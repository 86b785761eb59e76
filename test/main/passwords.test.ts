/** The files that passwords are in. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readConfiguration } from "../../src/config/reader.ts";
import { withPasswords } from "../../src/main/passwords.ts";

const folder = mkdtempSync(join(tmpdir(), "reflectd-passwords-"));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

const file = (name: string): string => join(folder, name);
const password = (name: string, text: string): string => {
  writeFileSync(file(name), text);
  return file(name);
};

describe("the files of passwords", () => {
  const passwordOf = async (passwordFile: string): Promise<unknown> => {
    const text = JSON.stringify({ routerId: "10.0.0.1", neighbors: [{ address: "10.0.0.2", passwordFile },
      { address: "10.0.0.3" }] });
    const read = await withPasswords(readConfiguration(text, "test"));
    if ("faults" in read) throw new Error("a right configuration");
    expect(read.intent.peers[1]?.password).toBeUndefined();
    return read.intent.peers[0]?.password;
  };
  it.each([["secret\n", "secret"], ["secret", "secret"], [" with spaces \r\nmore", " with spaces "]])(
    "are read to the end of the first line: %j", async (content, text) => {
      expect(await passwordOf(password("read", content))).toEqual({ text });
    });
  it("that are not there, empty or no files are a reason to wait", async () => {
    expect(await passwordOf(file("absent"))).toEqual({ missing: expect.stringContaining("no such file") });
    expect(await passwordOf(password("empty", "\nsecret"))).toEqual({ missing: expect.stringContaining("first line") });
    expect(await passwordOf(folder)).toEqual({ missing: expect.stringContaining("folder") });
    expect(await passwordOf("/dev/zero")).toEqual({ missing: expect.stringContaining("device") });
  });
  it("keep nobody waiting where they are a pipe that nobody writes to", async () => {
    execFileSync("mkfifo", [file("pipe")]);
    expect(await passwordOf(file("pipe"))).toEqual({ missing: expect.stringContaining("pipe") });
  });
});
