/** Where the daemon listens and where clients look (the interface's order). */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { clientSocketPaths, daemonSocketPath } from "../../src/control/socket-path.ts";
import type { Surroundings } from "../../src/control/socket-path.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const SYSTEM = "/run/reflectd/reflectd.sock";

describe("the daemon's default", () => {
  it.each([
    ["root", {}, 0, SYSTEM],
    ["a user with a runtime folder", { XDG_RUNTIME_DIR: "/run/user/7" }, 7, "/run/user/7/reflectd.sock"],
    ["a user without", {}, 7, "/t/reflectd-7/reflectd.sock"],
    ["systemd", { RUNTIME_DIRECTORY: "/run/x:/run/y", XDG_RUNTIME_DIR: "/run/user/7" }, 7, "/run/x/reflectd.sock"],
    ["a system without user ids", {}, -1, "/t/reflectd/reflectd.sock"],
  ])("for %s", (_, env, uid, path) => {
    expect(daemonSocketPath({ env, uid, tmpdir: "/t" })).toBe(path);
  });
});

describe("clients", () => {
  const around = (env: Record<string, string>, uid = 7, tmpdir = "/nonexistent"): Surroundings =>
    ({ env, uid, tmpdir });

  it("obey --socket, then REFLECTD_SOCKET, and look nowhere else", () => {
    expect(clientSocketPaths("/a", around({ REFLECTD_SOCKET: "/b" }))).toEqual(["/a"]);
    expect(clientSocketPaths(undefined, around({ REFLECTD_SOCKET: "/b" }))).toEqual(["/b"]);
  });

  it("try the system's socket first, whoever they are, then the user's", () => {
    expect(clientSocketPaths(undefined, around({ XDG_RUNTIME_DIR: "/x" }))).toEqual([SYSTEM, "/x/reflectd.sock"]);
    expect(clientSocketPaths(undefined, around({ XDG_RUNTIME_DIR: "/x" }, 0))).toEqual([SYSTEM, "/x/reflectd.sock"]);
    expect(clientSocketPaths(undefined, around({})))
      .toEqual([SYSTEM, "/nonexistent/reflectd-7/reflectd.sock"]);
  });

  it("trust no folder of somebody else in the temporary folder", () => {
    const tmpdir = temporaryFolder();
    const other = (process.getuid?.() ?? 0) + 1;
    mkdirSync(join(tmpdir, `reflectd-${other}`));
    expect(clientSocketPaths(undefined, around({}, other, tmpdir))).toEqual([SYSTEM]);
  });
});
