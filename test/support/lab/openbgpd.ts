/** OpenBGPD in the foreground: no kernel routes, own socket; routes are added with `bgpctl network add`. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabNode } from "./lab.ts";
import { inside } from "./lab.ts";
import { Background, must } from "./processes.ts";
import { LAB_AS, LAB_HOLD_SECONDS, familyOf } from "./router.ts";
import type { Announcement, InteropRoute, InteropSession, Router } from "./router.ts";
import { waitFor } from "./waiting.ts";

/** Where Debian puts it. */
export const OPENBGPD_PROGRAMS: readonly string[] = ["/usr/sbin/bgpd", "/usr/sbin/bgpctl"];

/** Starts one. A session carries the family of its address: OpenBGPD knows no IPv6 next hop on an IPv4 session. */
export async function startOpenbgpd(node: LabNode, name: string, peers: readonly string[]): Promise<Router> {
  const bgpd = new Openbgpd(node, name, peers);
  await waitFor(node.lab, `${name} to answer`, () => bgpd.sessions(), (sessions) => sessions.length === peers.length);
  return bgpd;
}

class Openbgpd implements Router {
  readonly name: string;
  readonly node: LabNode;
  readonly routerId: string;
  readonly #socket: string;
  readonly #process: Background;

  constructor(node: LabNode, name: string, peers: readonly string[]) {
    this.name = name;
    this.node = node;
    this.routerId = node.v4;
    const folder = join(node.lab.folder, name);
    mkdirSync(folder);
    this.#socket = join(folder, "bgpd.sock");
    const file = join(folder, "bgpd.conf");
    writeFileSync(file, configuration(node, this.#socket, peers), { mode: 0o600 });
    // Compiled-in: its children change their root to the home of their user, on Debian a folder below /run.
    mkdirSync("/run/openbgpd", { recursive: true, mode: 0o755 });
    const words = ["/usr/sbin/bgpd", "-d", "-v", "-f", file];
    this.#process = node.lab.adopt(name, new Background(inside(node.namespace, words), join(folder, "log")));
  }

  async routes(): Promise<InteropRoute[]> {
    return parseOpenbgpdRoutes(await this.#ask("-j", "show", "rib", "detail"));
  }

  async sessions(): Promise<InteropSession[]> {
    const shown = JSON.parse(await this.#ask("-j", "show")) as { readonly neighbors?: readonly Neighbor[] };
    return (shown.neighbors ?? []).map(({ remote_addr, state }) => ({ address: remote_addr,
      established: state === "Established" }));
  }

  async announce(...routes: Announcement[]): Promise<void> {
    for (const { prefix, localPref, med, communities, largeCommunities } of routes) {
      await this.#ask("network", "add", prefix,
        ...(localPref === undefined ? [] : ["localpref", String(localPref)]),
        ...(med === undefined ? [] : ["metric", String(med)]),
        ...(communities ?? []).flatMap((text) => ["community", text]),
        ...(largeCommunities ?? []).flatMap((text) => ["large-community", text]));
    }
  }

  async withdraw(...prefixes: string[]): Promise<void> {
    for (const prefix of prefixes) await this.#ask("network", "delete", prefix);
  }

  stop(): Promise<void> { return this.#process.stop(); }
  kill9(): Promise<void> { return this.#process.kill9(); }
  freeze(): void { this.#process.signal("SIGSTOP"); }
  thaw(): void { this.#process.signal("SIGCONT"); }

  #ask(...words: string[]): Promise<string> { return must(["/usr/sbin/bgpctl", "-s", this.#socket, ...words]); }
}

interface Neighbor { readonly remote_addr: string; readonly state: string }

function configuration(node: LabNode, socket: string, peers: readonly string[]): string {
  return `AS ${LAB_AS}
router-id ${node.v4}
socket "${socket}"
fib-update no
holdtime ${LAB_HOLD_SECONDS}
holdtime min 3
connect-retry 2
listen on ${node.v4}
listen on ${node.v6}
${peers.map((peer) => `neighbor ${peer} {
  remote-as ${LAB_AS}
  local-address ${familyOf(peer) === "ipv6" ? node.v6 : node.v4}
  announce IPv4 ${familyOf(peer) === "ipv4" ? "unicast" : "none"}
  announce IPv6 ${familyOf(peer) === "ipv6" ? "unicast" : "none"}
  announce add-path recv yes
}`).join("\n")}
allow from any
allow to any
`;
}

interface OpenbgpdPath {
  readonly prefix: string;
  readonly aspath: string;
  readonly exit_nexthop: string;
  readonly neighbor: { readonly remote_addr: string };
  readonly best?: boolean;
  readonly metric?: number;
  readonly localpref?: number;
  readonly communities?: readonly string[];
  readonly large_communities?: readonly string[];
  readonly attributes?: readonly { readonly originator?: string; readonly cluster_list?: readonly string[] }[];
}

/** The neighbour of own networks. */
const NOBODY = "???";

/** `bgpctl -j show rib detail`. */
export function parseOpenbgpdRoutes(text: string): InteropRoute[] {
  const { rib } = JSON.parse(text) as { readonly rib?: readonly OpenbgpdPath[] };
  return (rib ?? []).filter((path) => path.neighbor.remote_addr !== NOBODY).map((path) => ({
    prefix: path.prefix,
    nextHop: path.exit_nexthop,
    localPref: path.localpref,
    med: path.metric,
    communities: path.communities ?? [],
    largeCommunities: path.large_communities ?? [],
    originatorId: path.attributes?.find((one) => one.originator !== undefined)?.originator,
    clusterList: path.attributes?.find((one) => one.cluster_list !== undefined)?.cluster_list ?? [],
    asPath: path.aspath.split(" ").filter((word) => word !== "").map(Number),
    best: path.best === true,
    from: path.neighbor.remote_addr,
  }));
}
