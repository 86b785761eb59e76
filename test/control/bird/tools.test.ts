/** What is said, as the tools that ask a BIRD read it: calicoctl, calico-node's status reporter, exporters. */

import { describe, expect, it } from "vitest";
import { answerTo } from "../../../src/control/bird/commands.ts";
import { encodeReply } from "../../../src/control/bird/reply.ts";
import { fakeDaemon, fakeNow, lastError, peerView, routeView } from "../fake-daemon.ts";

const daemon = fakeDaemon();
const SINCE = new Date(2026, 2, 1, 3, 8, 21).toISOString();
daemon.peerList = [
  peerView({ name: "Mesh_10_0_0_1", type: "mesh" }),
  peerView({ name: "10.0.0.2", address: "10.0.0.2", type: "global", state: "Active", lastError: lastError() }),
  peerView({ name: "10.0.0.3", address: "10.0.0.3", enabled: false, waiting: "disabled", lastError: lastError() }),
];
daemon.routeSource = () => [
  routeView({ since: SINCE, from: { name: "Mesh_10_0_0_1", address: "10.0.0.1" } }),
  routeView({ since: SINCE, best: false, nextHop: "10.0.0.2", from: { name: "10.0.0.2", address: "10.0.0.2" } }),
];

async function lines(command: string): Promise<string[]> {
  const given = await answerTo(command, { api: daemon, family: "ipv4-unicast", wallMilliseconds: fakeNow });
  return given === "end" ? [] : [...encodeReply(given)].join("").split("\n");
}

/** A row without what marks it as one: its code and a dash, or a space. */
const rowOf = (line: string): string => (line.startsWith(" ") ? line.slice(1) : line.slice(5));

describe("calicoctl node status", () => {
  it("finds its heading and its sessions; one that is switched off has too few words to be one", async () => {
    const [heading = "", ...rest] = await lines("show protocols");
    expect(heading.startsWith("2002")).toBe(true);
    expect(rowOf(heading).split(/\s+/)).toEqual(["name", "proto", "table", "state", "since", "info"]);
    const rows = rest.slice(0, rest.findIndex((line) => line.startsWith("0000")));
    expect(rows.every((line) => line.startsWith(" ") || line.startsWith("1002"))).toBe(true);
    const sessions = rows.map((line) => rowOf(line).trim().split(/\s+/))
      .filter(([name = "", kind, ...more]) => /^(Global|Node|Mesh)_/.test(name) && kind === "BGP" && more.length >= 4);
    expect(sessions).toEqual([
      ["Mesh_10_0_0_1", "BGP", "master", "up", "03:08:21", "Established"],
      ["Global_10_0_0_2", "BGP", "master", "start", "03:08:21", "Active", "Received:", "Administrative", "shutdown"],
    ]);
  });
});

describe("calico-node's status reporter", () => {
  it("finds state and address of a session", async () => {
    const text = (await lines("show protocols all Global_10_0_0_2")).join("\n");
    expect(/BGP state:\s+(.*)/.exec(text)?.[1]).toBe("Active");
    expect(/Neighbor address:\s+(.*)/.exec(text)?.[1]).toBe("10.0.0.2");
  });
  it("finds the version of the daemon behind the word it looks for", async () => {
    expect((await lines("show status"))[0]).toMatch(/^1000-BIRD v\d/);
  });
  it("finds destination, gateway, interface and source of every route", async () => {
    const rows = (await lines("show route")).filter((line) => line.includes(" via "));
    const found = rows.map((line) => /(\S*)\s*via\s(\S*)\s*on\s(.*)\s\[(\S*)\s.*\](.*)/.exec(rowOf(line))?.slice(1, 5));
    expect(found).toEqual([
      ["10.244.1.0/26", "10.0.0.1", "-", "Mesh_10_0_0_1"], ["", "10.0.0.2", "-", "Global_10_0_0_2"],
    ]);
  });
});

describe("bird_exporter", () => {
  it("finds sessions, their states and their routes, and where the answer ends", async () => {
    const text = (await lines("show protocols all")).join("\n");
    expect(text).toMatch(/\d{4} \n$/);
    const row = /^(?:1002-)?(\S+)\s+(BGP|Static)\s+(\S+)\s+(\S+)\s+(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\S+)(?:\s+.*?)?$/;
    const rows = text.split("\n").map((line) => row.exec(line.trimEnd())?.slice(1, 5))
      .filter((found) => found !== undefined);
    expect(rows).toEqual([
      ["static1", "Static", "master", "up"], ["Mesh_10_0_0_1", "BGP", "master", "up"],
      ["Global_10_0_0_2", "BGP", "master", "start"], ["Node_10_0_0_3", "BGP", "master", "down"],
    ]);
    const routes = [...text.matchAll(
      /^\s+Routes:\s+(\d+) imported, (?:(\d+) filtered, )?(\d+) exported(?:, (\d+) preferred)?$/gm)];
    expect(routes.map((match) => match.slice(1))).toEqual([["4", "1", "3", "2"], ["4", "1", "3", "0"]]);
  });
});
