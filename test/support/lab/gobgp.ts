/** GoBGP: gobgpd with its API on its own namespace's loopback; routes are added by its own client. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabNode } from "./lab.ts";
import { inside } from "./lab.ts";
import { Background, must } from "./processes.ts";
import { LAB_AS, LAB_HOLD_SECONDS, familyOf } from "./router.ts";
import type { Announcement, InteropRoute, InteropSession, Router } from "./router.ts";
import { waitFor } from "./waiting.ts";

/** Where Debian puts it. */
export const GOBGP_PROGRAMS: readonly string[] = ["/usr/bin/gobgpd", "/usr/bin/gobgp"];

/** What may differ between them. */
interface GobgpOptions {
  /** Graceful restart (RFC 4724), and the Restart Time that it announces; none unless told. */
  readonly restartSeconds?: number;
  /** `-r`: it comes back after a crash and recovers from it. */
  readonly recovers?: boolean;
}

/** Starts one with a session per peer address, every session offering both families. */
export async function startGobgp(node: LabNode, name: string, peers: readonly string[], options: GobgpOptions = {}):
  Promise<Router> {
  const gobgp = new Gobgp(node, name, peers, options);
  await waitFor(node.lab, `${name} to answer`, () => gobgp.sessions(), (sessions) => sessions.length === peers.length);
  return gobgp;
}

class Gobgp implements Router {
  readonly name: string;
  readonly node: LabNode;
  readonly routerId: string;
  readonly #process: Background;

  constructor(node: LabNode, name: string, peers: readonly string[], options: GobgpOptions) {
    this.name = name;
    this.node = node;
    this.routerId = node.v4;
    const folder = join(node.lab.folder, name);
    mkdirSync(folder);
    writeFileSync(join(folder, "gobgpd.toml"), configuration(node, peers, options));
    const words = ["/usr/bin/gobgpd", "-f", join(folder, "gobgpd.toml"), "--api-hosts", "127.0.0.1:50051",
      "--pprof-disable", ...(options.recovers === true ? ["-r"] : [])];
    this.#process = node.lab.adopt(name, new Background(inside(node.namespace, words), join(folder, "log")));
  }

  async routes(): Promise<InteropRoute[]> {
    const tables = await Promise.all(["ipv4", "ipv6"].map((family) => this.#ask("global", "rib", "-a", family, "-j")));
    return tables.flatMap(parseGobgpRoutes);
  }

  async sessions(): Promise<InteropSession[]> {
    const neighbors = JSON.parse(await this.#ask("neighbor", "-j")) as readonly Neighbor[];
    return neighbors.map(({ conf, state }) => ({ address: conf.neighbor_address,
      established: state.session_state === ESTABLISHED }));
  }

  async announce(...routes: Announcement[]): Promise<void> {
    for (const { prefix, localPref, med, communities, largeCommunities } of routes) {
      const family = familyOf(prefix);
      await this.#ask("global", "rib", "-a", family, "add", prefix,
        "nexthop", family === "ipv6" ? this.node.v6 : this.node.v4, "origin", "igp",
        ...(localPref === undefined ? [] : ["local-pref", String(localPref)]),
        ...(med === undefined ? [] : ["med", String(med)]),
        ...(communities === undefined ? [] : ["community", communities.join(",")]),
        ...(largeCommunities === undefined ? [] : ["large-community", largeCommunities.join(",")]));
    }
  }

  async withdraw(...prefixes: string[]): Promise<void> {
    for (const prefix of prefixes) await this.#ask("global", "rib", "-a", familyOf(prefix), "del", prefix);
  }

  stop(): Promise<void> { return this.#process.stop(); }
  kill9(): Promise<void> { return this.#process.kill9(); }
  freeze(): void { this.#process.signal("SIGSTOP"); }
  thaw(): void { this.#process.signal("SIGCONT"); }

  #ask(...words: string[]): Promise<string> {
    return must(inside(this.node.namespace, ["/usr/bin/gobgp", ...words]));
  }
}

const ESTABLISHED = 6;
interface Neighbor {
  readonly conf: { readonly neighbor_address: string };
  readonly state: { readonly session_state?: number };
}

function configuration(node: LabNode, peers: readonly string[], { restartSeconds }: GobgpOptions): string {
  const graceful = restartSeconds !== undefined;
  return `[global.config]
as = ${LAB_AS}
router-id = "${node.v4}"
local-address-list = ["${node.v4}", "${node.v6}"]
${peers.map((peer) => `[[neighbors]]
[neighbors.config]
peer-as = ${LAB_AS}
neighbor-address = "${peer}"
[neighbors.timers.config]
hold-time = ${LAB_HOLD_SECONDS}
keepalive-interval = ${LAB_HOLD_SECONDS / 3}
connect-retry = 1
idle-hold-time-after-reset = 1
${graceful ? `[neighbors.graceful-restart.config]\nenabled = true\nrestart-time = ${restartSeconds}` : ""}
${["ipv4", "ipv6"].map((family) => `[[neighbors.afi-safis]]
[neighbors.afi-safis.config]
afi-safi-name = "${family}-unicast"
[neighbors.afi-safis.add-paths.config]
receive = true
${graceful ? "[neighbors.afi-safis.mp-graceful-restart.config]\nenabled = true\n" : ""}`).join("")}`).join("")}`;
}

interface GobgpAttribute {
  readonly type: number;
  readonly value?: unknown;
  readonly metric?: number;
  readonly nexthop?: string;
  readonly communities?: readonly number[];
  readonly as_paths?: readonly { readonly asns: readonly number[] }[];
}
interface GobgpPath {
  readonly best?: boolean;
  readonly attrs: readonly GobgpAttribute[];
  readonly "neighbor-ip"?: string;
}

/** `gobgp global rib -j`: attributes by their type code; own paths have no neighbour. */
export function parseGobgpRoutes(text: string): InteropRoute[] {
  const table = JSON.parse(text) as Readonly<Record<string, readonly GobgpPath[]>>;
  return Object.entries(table).flatMap(([prefix, paths]) =>
    paths.filter((path) => path["neighbor-ip"] !== undefined).map((path) => gobgpRoute(prefix, path)));
}

function gobgpRoute(prefix: string, path: GobgpPath): InteropRoute {
  const attribute = (type: number): GobgpAttribute | undefined => path.attrs.find((one) => one.type === type);
  const large = (attribute(32)?.value ?? []) as readonly { ASN: number; LocalData1: number; LocalData2: number }[];
  return {
    prefix,
    nextHop: attribute(14)?.nexthop ?? attribute(3)?.nexthop ?? "",
    localPref: attribute(5)?.value as number | undefined,
    med: attribute(4)?.metric,
    communities: (attribute(8)?.communities ?? []).map((value) => `${value >>> 16}:${value & 0xffff}`),
    largeCommunities: large.map((one) => `${one.ASN}:${one.LocalData1}:${one.LocalData2}`),
    originatorId: attribute(9)?.value as string | undefined,
    clusterList: (attribute(10)?.value ?? []) as readonly string[],
    asPath: (attribute(2)?.as_paths ?? []).flatMap((segment) => segment.asns),
    best: path.best === true,
    from: path["neighbor-ip"],
  };
}
