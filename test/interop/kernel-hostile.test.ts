/** A reflectd whose kernel takes nothing, or cannot be had: each is a line of `show kernel`, and BGP goes on. */

import { cpSync, existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { KernelView } from "../../src/daemon/api.ts";
import { BIRD_PROGRAMS, startBird } from "../support/lab/bird.ts";
import { allEstablished } from "../support/lab/cluster.ts";
import { inside, Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { Background, must } from "../support/lab/processes.ts";
import { client, MAIN, startReflectd } from "../support/lab/reflectd.ts";
import type { Reflectd, ReflectdOptions } from "../support/lab/reflectd.ts";
import type { Router } from "../support/lab/router.ts";
import { interopSuite } from "../support/lab/suite.ts";
import { waitFor } from "../support/lab/waiting.ts";

const BLOCK = "10.50.1.0/26";
const PROTOCOL = 186;
const WITHOUT_NET_ADMIN = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"];

interopSuite("a kernel that takes nothing", ["bird-1.6.8"], () => {
  let lab: Lab;
  let host: LabNode;
  let bird: Router;
  const view = (reflectd: Reflectd): Promise<KernelView> => reflectd.ask<KernelView>("show", "kernel");
  const ip = (...words: string[]): Promise<string> => must(["ip", "-netns", host.namespace, ...words]);
  const started = async (name: string, kernel: object = {}, more: ReflectdOptions = {}): Promise<Reflectd> => {
    const reflectd = await startReflectd(host, name, {
      neighbors: [client(bird.node.v4)], kernel: { enabled: true, protocol: PROTOCOL, ...kernel }, ...more });
    await allEstablished(lab, [bird, reflectd]);
    return reflectd;
  };

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.node("host");
    bird = await startBird(await lab.node("bird"), "bird1", { version: "1.6", peers: [{ address: host.v4 }] });
    await bird.announce({ prefix: BLOCK });
  }, 60_000);
  afterAll(async () => { await lab?.close(); });

  it("for want of CAP_NET_ADMIN names it, with the kernel's words", async () => {
    const reflectd = await started("powerless", {}, { through: WITHOUT_NET_ADMIN });
    const { failures } = await waitFor(lab, "a refusal", () => view(reflectd), ({ routes }) => routes.failed === 1);
    expect(failures).toMatchObject([{ change: "add", errno: "EPERM", text: "Operation not permitted", count: 1 }]);
    await reflectd.stop();
  }, 60_000);

  it("as the netlink package is not installed says so, and speaks BGP", async () => {
    const folder = join(lab.folder, "bare");
    mkdirSync(folder);
    cpSync(dirname(MAIN), join(folder, "dist"), { recursive: true });
    cpSync(join(dirname(MAIN), "../package.json"), join(folder, "package.json"));
    const reflectd = await startReflectd(host, "bare-reflectd", {
      neighbors: [client(bird.node.v4)], kernel: { enabled: true, protocol: PROTOCOL } });
    await reflectd.stop();
    await reflectd.again(join(folder, "dist/main.js"));
    await allEstablished(lab, [bird, reflectd]);
    const { why } = await waitFor(lab, "the reason", () => view(reflectd), (one) => /netlink/.test(one.why ?? ""));
    expect(why).toBe("the process that writes routes does not run: Cannot find module 'netlink'");
    expect(reflectd.log().match(/Cannot find module/g)).toHaveLength(2); // of each process, once
    await reflectd.stop();
  }, 60_000);

  it("as a BIRD has it is left to that, also where its socket is in another container", async () => {
    const folder = join(lab.folder, "container");
    mkdirSync(folder);
    const [socket, file] = [join(folder, "bird.ctl"), join(folder, "bird.conf")];
    writeFileSync(file, "router id 10.9.9.9;\nprotocol device { }\n");
    const words = [BIRD_PROGRAMS["1.6"][0], "-f", "-c", file, "-s", socket, "-P", join(folder, "bird.pid")];
    const other = lab.adopt("bird1-other", new Background(inside(host.namespace, words), join(folder, "log")));
    await waitFor(lab, "its socket", () => existsSync(socket), (there) => there);
    renameSync(socket, `${socket}.elsewhere`); // as far as we see there is none
    const reflectd = await started("second", { protocol: 12, onStop: "remove" },
      { birdSockets: [socket, join(folder, "bird6.ctl")] });
    expect((await view(reflectd)).why).toMatch(`a BIRD answers on ${socket}, and its routes have our protocol number`);
    expect([existsSync(socket), await ip("route", "show", "proto", "12")]).toEqual([false, ""]);
    await other.kill9();
    // It is looked every 10 s whether the other one is gone.
    await waitFor(lab, "the route", () => view(reflectd), ({ routes }) => routes.installed === 1, 30_000);
    await reflectd.stop();
  }, 60_000);

  it("for want of the preferred source names it, and comes with that address", async () => {
    const reflectd = await started("sourced", { preferredSource: ["192.0.2.77"] });
    const { failures } = await waitFor(lab, "a refusal", () => view(reflectd), ({ routes }) => routes.failed === 1);
    expect(failures).toMatchObject([{ change: "add", errno: "EINVAL", text: "Invalid argument", count: 1 }]);
    await ip("address", "add", "192.0.2.77/32", "dev", "lo");
    await waitFor(lab, "the route", () => ip("route", "show", BLOCK),
      (text) => / dev eth0 .* src 192\.0\.2\.77 /.test(text), 40_000);
    await reflectd.stop();
  }, 60_000);

  it("of a table that nobody has made yet makes it", async () => {
    const reflectd = await started("far-table", { table: 100_000 });
    await waitFor(lab, "the route", () => view(reflectd), ({ routes }) => routes.installed === 1);
    expect(await ip("route", "show", "table", "100000")).toMatch(new RegExp(`^${BLOCK} via ${bird.node.v4} `));
    await reflectd.stop();
  }, 60_000);

  it("for want of the interface comes back with it", async () => {
    const reflectd = await started("cut-off");
    await waitFor(lab, "the route", () => view(reflectd), ({ routes }) => routes.installed === 1);
    await ip("link", "set", "eth0", "down");
    const { leftOut } = await waitFor(lab, "it to go", () => view(reflectd), (now) => now.leftOut.length > 0);
    expect(leftOut).toEqual([{ reason: `next hop ${bird.node.v4}: no route to it, written as unreachable`, count: 1 }]);
    await waitFor(lab, "what BIRD would write", () => ip("route", "show", BLOCK),
      (text) => text.startsWith(`unreachable ${BLOCK} `));
    await ip("link", "set", "eth0", "up");
    await waitFor(lab, "it to be back", () => ip("route", "show", BLOCK),
      (text) => text.includes(`via ${bird.node.v4} dev eth0 `), 30_000);
    await reflectd.stop();
  }, 60_000);
});
