/** Whether a BIRD answers on a control socket. */

import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { birdAnswers } from "../../../src/control/bird/probe.ts";

let folder: string;
const servers: Server[] = [];
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), "reflectd-probe-")); });
afterAll(async () => {
  await Promise.all(servers.map((server) => new Promise((resolve) => { server.close(resolve); })));
  rmSync(folder, { recursive: true });
});

/** A socket whose server says this; undefined: it closes at once. */
function socket(name: string, greeting: string | undefined): Promise<string> {
  const path = join(folder, name);
  const server = createServer((client) => {
    client.on("error", () => undefined);
    if (greeting === undefined) client.end();
    else client.write(greeting);
  });
  servers.push(server);
  return new Promise((resolve) => { server.listen(path, () => resolve(path)); });
}

it("is what greets as one", async () => {
  expect(await birdAnswers(await socket("bird", "0001 BIRD 1.6.8 ready.\n"))).toBe(true);
  expect(await birdAnswers(await socket("other", "220 mail\n"))).toBe(false);
  expect(await birdAnswers(await socket("silent", undefined))).toBe(false);
  expect(await birdAnswers(join(folder, "absent"))).toBe(false);
  writeFileSync(join(folder, "file"), "");
  expect(await birdAnswers(join(folder, "file"))).toBe(false);
});

it("is also what takes a connection and says nothing: it may be busy", async () => {
  expect(await birdAnswers(await socket("busy", ""))).toBe(true);
});

it.runIf(process.platform === "linux")("is who listens where we cannot ask, and no file left behind", async () => {
  const path = await socket("closed", "0001 BIRD 1.6.8 ready.\n");
  chmodSync(path, 0);
  chmodSync(folder, 0o755);
  const left = join(folder, "left");
  const asNobody = async (look: string): Promise<boolean> => {
    if (process.geteuid?.() !== 0) return birdAnswers(look);
    process.seteuid?.(65534);
    try {
      return await birdAnswers(look);
    } finally {
      process.seteuid?.(0);
    }
  };
  expect(await asNobody(path)).toBe(true);
  renameSync(path, left); // nobody is bound to the new name, as if the one who was had been killed
  expect(await asNobody(left)).toBe(false);
  expect(await birdAnswers(path)).toBe(true); // bound where we see no file, as in another container
});
