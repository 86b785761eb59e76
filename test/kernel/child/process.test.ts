/** Children of this system, played by programs of a few lines. */

import { describe, expect, it } from "vitest";
import { childrenOf } from "../../../src/kernel/child/process.ts";
import type { Child } from "../../../src/kernel/child/process.ts";

/** Says what it hears; says a lot first where it is told to; ends with 7 when nobody talks to it any more. */
const ECHO = `
  const { writeSync } = require("node:fs");
  const say = (octets) => { for (let at = 0; at < octets.length;) at += writeSync(3, octets, at); };
  const frame = Buffer.alloc(8 + 60000, 5);
  frame.writeUInt32LE(60000, 0);
  frame.writeUInt32LE(2, 4);
  for (let i = 0; i < Number(process.argv[1]); i++) say(frame);
  process.stdin.on("data", say);
  process.stdin.on("end", () => { process.stderr.write("all is said\\nand done\\n"); process.exit(7); });
`;

interface Running {
  readonly child: Child;
  readonly frames: { kind: number; octets: number; sum: number }[];
  readonly gone: Promise<string>;
  turns: number;
}

function run(program: string, frames = 0, executable = process.execPath): Running {
  let isGone: (why: string) => void = () => undefined;
  const gone = new Promise<string>((resolve) => { isGone = resolve; });
  const start = childrenOf({
    executable, arguments: () => ["-e", program, String(frames)],
    soon: (next) => {
      running.turns++;
      setImmediate(next);
    },
  });
  const running: Omit<Running, "child"> = { frames: [], gone, turns: 0 };
  return Object.assign(running, { child: start("write", {
    frame: (kind, payload) => void running.frames.push({ kind, octets: payload.length,
      sum: payload.reduce((sum, octet) => sum + octet, 0) }),
    gone: isGone,
  }) });
}

describe("a child", () => {
  it("hears frames and answers by frames, and ends when it is told to", async () => {
    const { child, frames, gone } = run(ECHO);
    child.send(4, Uint8Array.of(1, 2, 3));
    child.send(5, Uint8Array.of(9));
    child.end(false);
    expect(await gone).toBe("it ended with code 7: and done");
    expect(frames).toEqual([{ kind: 4, octets: 3, sum: 6 }, { kind: 5, octets: 1, sum: 9 }]);
  });

  it("that says much is read a chunk per turn of the event loop", async () => {
    const running = run(ECHO, 100);
    running.child.end(false);
    await running.gone;
    expect(running.frames).toEqual(Array.from({ length: 100 }, () => ({ kind: 2, octets: 60000, sum: 300000 })));
    expect(running.turns).toBeGreaterThan(90);
  });

  it("is ended at once where it must be", async () => {
    const { child, gone } = run(ECHO);
    child.end(true);
    expect(await gone).toBe("it was ended by SIGKILL");
  });

  it("that says what is no frame is ended", async () => {
    const { gone, frames } = run('require("node:fs").writeSync(3, Buffer.alloc(64, 255)); setInterval(() => 0, 1000);');
    expect(await gone).toBe("it was ended by SIGKILL");
    expect(frames).toEqual([]);
  });

  it("that cannot be started says so", async () => {
    const { child, gone } = run("", 0, "/nonexistent/node");
    child.send(4, Uint8Array.of(1));
    child.end(false);
    expect(await gone).toMatch(/^it cannot be started: .*ENOENT/);
    const refused = run("", 0, "a name that spawn\0throws for");
    expect(refused.frames).toEqual([]);
    expect(await refused.gone).toMatch(/^it cannot be started: .*null bytes/);
  });
});
