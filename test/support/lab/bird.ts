/**
 * BIRD 1.6.8 (bird and bird6, what calico-node runs) and BIRD 2. Own routes are blackhole statics; their attributes
 * are set by the export filter, because BIRD 1.6 resets LOCAL_PREF of its own routes before it.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabNode } from "./lab.ts";
import { inside } from "./lab.ts";
import { Background, must } from "./processes.ts";
import { LAB_AS, LAB_HOLD_SECONDS, tuples } from "./router.ts";
import type { Announcement, InteropRoute, InteropSession, Router } from "./router.ts";
import { waitFor } from "./waiting.ts";

const CACHE = process.env.REFLECTD_LAB_CACHE ?? "/var/cache/reflectd-lab";
const BIRD1 = `${CACHE}/bird-1.6.8/usr/sbin`;

/** Which program: "1.6" speaks IPv4 only, "1.6-ipv6" is bird6, "2" speaks both. */
export type BirdVersion = "1.6" | "1.6-ipv6" | "2";
/** Daemon and client program of each. */
export const BIRD_PROGRAMS: Readonly<Record<BirdVersion, readonly [daemon: string, client: string]>> = {
  "1.6": [`${BIRD1}/bird`, `${BIRD1}/birdc`],
  "1.6-ipv6": [`${BIRD1}/bird6`, `${BIRD1}/birdc6`],
  "2": ["/usr/sbin/bird", "/usr/sbin/birdc"],
};

/** One session of a BIRD. */
export interface BirdPeer {
  readonly address: string;
  readonly asNumber?: number;
  /** Makes BIRD the reflector of this session. */
  readonly client?: { readonly clusterId: string };
  readonly passive?: boolean;
  /** Of TCP-MD5. */
  readonly password?: string;
  /** Sends with TTL 255, and takes what comes from 64 hops at most. */
  readonly ttlSecurity?: boolean;
}

/** How a BIRD is set up; the rest is as calico-node's template, with shorter waits. */
export interface BirdOptions {
  readonly version: BirdVersion;
  readonly peers: readonly BirdPeer[];
  readonly routerId?: string;
  readonly asNumber?: number;
  readonly holdSeconds?: number;
  /** Seconds BIRD waits before it dials; 1 unless told. */
  readonly connectDelaySeconds?: number;
  /** On unless told. */
  readonly addPaths?: boolean;
  /** False makes it an OLD speaker (RFC 6793): 2-octet AS numbers only. */
  readonly as4?: boolean;
  /** RFC 8654; BIRD 2 only. */
  readonly extendedMessages?: boolean;
  /** IPv4 routes with IPv6 next hops (RFC 8950); BIRD 2 only. */
  readonly extendedNextHop?: boolean;
  /** The whole configuration, in place of the lab's own and of all that is above. */
  readonly text?: () => string;
  /** Restart Time that it announces (RFC 4724); BIRD's own 120 unless told. */
  readonly restartSeconds?: number;
  /** False: it knows nothing of RFC 9494, of which it is aware otherwise. */
  readonly longLived?: boolean;
  /** `-R`: it comes back after a crash and recovers from it. */
  readonly recovers?: boolean;
  /** Own routes from the start on. */
  readonly routes?: readonly Announcement[];
}

/** Starts one and waits until it answers. */
export async function startBird(node: LabNode, name: string, options: BirdOptions): Promise<Bird> {
  const bird = new Bird(node, name, options);
  await bird.ready();
  return bird;
}

/** A running BIRD. */
export class Bird implements Router {
  readonly name: string;
  readonly node: LabNode;
  readonly routerId: string;
  readonly #options: BirdOptions;
  readonly #own = new Map<string, Announcement>();
  readonly #configuration: string;
  readonly #socket: string;
  readonly #process: Background;

  constructor(node: LabNode, name: string, options: BirdOptions) {
    this.name = name;
    this.node = node;
    this.routerId = options.routerId ?? node.v4;
    this.#options = options;
    for (const route of options.routes ?? []) this.#own.set(route.prefix, route);
    const folder = join(node.lab.folder, name);
    mkdirSync(folder, { recursive: true });
    this.#configuration = join(folder, "bird.conf");
    this.#socket = join(folder, "bird.ctl");
    this.#write();
    const words = [BIRD_PROGRAMS[options.version][0], "-f", "-c", this.#configuration, "-s", this.#socket,
      "-P", join(folder, "bird.pid"), ...(options.recovers === true ? ["-R"] : [])];
    this.#process = node.lab.adopt(name, new Background(inside(node.namespace, words), join(folder, "log")));
  }

  async ready(): Promise<void> {
    await waitFor(this.node.lab, `${this.name} to answer`, () => this.ask("show status"),
      (text) => text.includes("Daemon is up and running"));
  }

  async routes(): Promise<InteropRoute[]> { return parseBirdRoutes(await this.ask("show route all")); }

  async sessions(): Promise<InteropSession[]> {
    const rows = (await this.ask("show protocols")).split("\n").filter((line) => / BGP /.test(line));
    return this.#options.peers.map(({ address }) => {
      const row = rows.find((line) => line.startsWith(`${protocolName(address)} `));
      return { address, established: row !== undefined && row.includes("Established") };
    });
  }

  async announce(...routes: Announcement[]): Promise<void> {
    for (const route of routes) this.#own.set(route.prefix, route);
    await this.#reconfigure();
  }

  async withdraw(...prefixes: string[]): Promise<void> {
    for (const prefix of prefixes) this.#own.delete(prefix);
    await this.#reconfigure();
  }

  /** `birdc reload in`: asks every peer for its routes again (RFC 2918). */
  async refresh(): Promise<void> { await this.ask('reload in "Node_*"'); }

  /** Everything it has logged. */
  log(): string { return this.#process.tail(1_000_000); }

  /** `birdc enable` or `disable` of every BGP session. */
  async toggle(what: "enable" | "disable"): Promise<void> { await this.ask(`${what} "Node_*"`); }

  stop(): Promise<void> { return this.#process.stop(); }
  kill9(): Promise<void> { return this.#process.kill9(); }
  freeze(): void { this.#process.signal("SIGSTOP"); }
  thaw(): void { this.#process.signal("SIGCONT"); }

  /** `birdc configure`, with the configuration as it is now. */
  async configure(): Promise<void> {
    this.#write();
    const answer = await this.ask("configure");
    if (!/Reconfigur/.test(answer)) throw new Error(`${this.name}: ${answer}`);
  }

  /** What birdc says to a command. */
  ask(command: string): Promise<string> {
    return must([BIRD_PROGRAMS[this.#options.version][1], "-s", this.#socket, ...command.split(" ")]);
  }

  async #reconfigure(): Promise<void> {
    await this.configure();
    // A changed filter alone does not re-send what was already exported.
    await this.ask("reload out all");
  }

  #write(): void {
    const { text = () => configuration(this.node, this.routerId, this.#options, this.#own) } = this.#options;
    writeFileSync(this.#configuration, text());
  }
}

function configuration(node: LabNode, routerId: string, options: BirdOptions, own: ReadonlyMap<string, Announcement>):
  string {
  const families = options.version === "2" ? ["ipv4", "ipv6"] : [""];
  const routes = [...own.values()];
  const statics = families.map((family) => {
    const mine = routes.filter((route) => family === "" || (family === "ipv6") === route.prefix.includes(":"));
    return `protocol static { ${family && `${family};`}
${mine.map((route) => `  route ${route.prefix} blackhole;`).join("\n")}
}`;
  });
  return `log stderr all;
router id ${routerId};
protocol device { scan time 2; }
protocol direct { ${options.version === "2" ? "ipv4; ipv6;" : ""} interface "eth*"; }
${statics.join("\n")}
filter lab_export {
${routes.map(exportRule).join("\n")}
  if source = RTS_BGP then accept;
  reject;
}
${options.peers.map((peer) => session(node, options, peer)).join("\n")}
`;
}

function exportRule({ prefix, localPref, med, communities, largeCommunities }: Announcement): string {
  const statements = [
    ...(localPref === undefined ? [] : [`bgp_local_pref = ${localPref};`]),
    ...(med === undefined ? [] : [`bgp_med = ${med};`]),
    ...(communities ?? []).map((text) => `bgp_community.add((${text.replaceAll(":", ",")}));`),
    ...(largeCommunities ?? []).map((text) => `bgp_large_community.add((${text.replaceAll(":", ",")}));`),
  ];
  return `  if source = RTS_STATIC && net = ${prefix} then { ${statements.join(" ")} accept; }`;
}

function session(node: LabNode, options: BirdOptions, peer: BirdPeer): string {
  const source = peer.address.includes(":") ? node.v6 : node.v4;
  const common = `import all; export filter lab_export; ${options.addPaths === false ? "" : "add paths on;"}`;
  const extended = options.extendedNextHop === true ? "extended next hop on;" : "";
  const channel = options.version === "2" ? `  ipv4 { ${common} ${extended} };\n  ipv6 { ${common} };`
    : `  ${common} gateway recursive;`;
  return `protocol bgp ${protocolName(peer.address)} {
  local ${source} as ${options.asNumber ?? LAB_AS};
  neighbor ${peer.address} as ${peer.asNumber ?? LAB_AS};
  multihop; graceful restart;${options.restartSeconds === undefined ? ""
    : ` graceful restart time ${options.restartSeconds};`}${peer.passive === true ? " passive;" : ""}
  hold time ${options.holdSeconds ?? LAB_HOLD_SECONDS};
  connect delay time ${options.connectDelaySeconds ?? 1}; connect retry time 1; error wait time 1, 2;
${peer.password === undefined ? "" : `  password "${peer.password}";`}
${peer.ttlSecurity === true ? "  ttl security on;" : ""}
${options.as4 === false ? "  enable as4 off;" : ""}
${options.longLived === false ? "  long lived graceful restart off;" : ""}
${options.extendedMessages === true ? "  enable extended messages on;" : ""}
${peer.client === undefined ? "" : `  rr client; rr cluster id ${peer.client.clusterId};`}
${channel}
}`;
}

/** As calico-node names them. */
function protocolName(address: string): string { return `Node_${address.replaceAll(/[.:]/g, "_")}`; }

/** `show route all` of both majors: a head line per path (its prefix left out when it is the same), tabbed details. */
export function parseBirdRoutes(text: string): InteropRoute[] {
  const paths: { head: string; prefix: string; details: Map<string, string> }[] = [];
  let prefix = "";
  for (const line of text.split("\n")) {
    const head = /^(\S*)\s+.*\[\S+ \S+( from \S+)?\]/.exec(line);
    const detail = /^\t([\w.]+): ?(.*)$/.exec(line);
    if (detail !== null) paths.at(-1)?.details.set(detail[1] ?? "", detail[2] ?? "");
    else if (head !== null) {
      prefix = head[1] || prefix;
      paths.push({ head: line, prefix, details: new Map() });
    }
  }
  return paths.filter(({ details }) => details.get("Type")?.startsWith("BGP")).map(birdRoute);
}

function birdRoute(path: { head: string; prefix: string; details: Map<string, string> }): InteropRoute {
  const number = (name: string): number | undefined => {
    const text = path.details.get(name);
    return text === undefined ? undefined : Number(text);
  };
  const words = (name: string): string[] => (path.details.get(name) ?? "").split(" ").filter((word) => word !== "");
  return {
    prefix: path.prefix,
    nextHop: words("BGP.next_hop")[0] ?? "",
    localPref: number("BGP.local_pref"),
    med: number("BGP.med"),
    communities: tuples(path.details.get("BGP.community") ?? ""),
    largeCommunities: tuples(path.details.get("BGP.large_community") ?? ""),
    originatorId: words("BGP.originator_id")[0],
    clusterList: words("BGP.cluster_list"),
    asPath: words("BGP.as_path").map(Number),
    best: /\] \*/.test(path.head),
    from: / from ([^\]]+)\]/.exec(path.head)?.[1],
  };
}
