/** The owner of a port, from /proc of this very process. */

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { listeners, portOwner } from "../../src/control/port-owner.ts";

const HEADING = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const line = (local: string, state: string, inode: number): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0\n`;

describe("the owner of a port", () => {
  it("is read from the table of sockets: those that listen on it, of any address", () => {
    const table = HEADING + line("00000000:00B3", "0A", 71) + line("0100007F:00B3", "01", 72)
      + line("0100007F:00B4", "0A", 73) + line("00000000000000000000000000000000:00B3", "0A", 74);
    expect(listeners(table, 179)).toEqual(["socket:[71]", "socket:[74]"]);
    expect(listeners(HEADING, 179)).toEqual([]);
    expect(listeners("", 179)).toEqual([]);
  });

  it.runIf(process.platform === "linux")("is this process where it listens, and nobody afterwards", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
    const { port } = server.address() as AddressInfo;
    try {
      expect(portOwner(port)).toMatch(new RegExp(`^\\S.* \\(pid ${process.pid}\\)$`));
    } finally {
      await new Promise((resolve) => { server.close(resolve); });
    }
    expect(portOwner(port)).toBeUndefined();
  });

  it.runIf(process.platform === "linux")("of Node's programs is told by its command line", async () => {
    const script = "const s = require('net').createServer().listen(0, () => console.log(s.address().port))";
    const child = spawn(process.execPath, ["-e", script, "run"], { stdio: ["ignore", "pipe", "ignore"] });
    try {
      const port = Number(await new Promise((resolve) => { child.stdout.once("data", resolve); }));
      expect(portOwner(port)).toMatch(new RegExp(`^\\S*node -e const s = .* \\(pid ${child.pid}\\)$`));
    } finally {
      child.kill("SIGKILL");
    }
  });
});
