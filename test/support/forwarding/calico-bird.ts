/**
 * BIRD 1.6.8 with the configuration that calico-node writes for it (v3.33, programClusterRoutes Enabled), on a host of
 * the forwarding lab. What the lab's BIRD cannot say is the tunnel: `krt_tunnel` is an attribute of Calico's own build.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BIRD_PROGRAMS } from "../lab/bird.ts";
import type { BirdVersion } from "../lab/bird.ts";
import { inside } from "../lab/lab.ts";
import { Background, run } from "../lab/processes.ts";
import { LAB_AS } from "../lab/router.ts";
import { waitFor } from "../lab/waiting.ts";
import type { ForwardingHost } from "./network.ts";
import { POD_METRIC, POOL_IPV6, POOLS } from "./network.ts";

/** LOCAL_PREF and metric make this together (calico.md 4.2). */
const PRIORITY_SUM = 2147483647;
/** What differs between bird and bird6. */
interface BirdFamily {
  readonly name: string;
  readonly version: BirdVersion;
  readonly pools: readonly string[];
  /** What the kernel is not told. */
  readonly rejected: string;
  readonly blocksOf: (host: ForwardingHost) => readonly string[];
  readonly addressOf: (host: ForwardingHost) => string;
}
const FAMILIES: Readonly<Record<"ipv4" | "ipv6", BirdFamily>> = {
  ipv4: { name: "bird", version: "1.6", pools: Object.values(POOLS),
    rejected: `if ( net ~ ${POOLS.vxlan} ) then reject;`,
    blocksOf: ({ blocks }) => blocks, addressOf: ({ node }) => node.v4 },
  ipv6: { name: "bird6", version: "1.6-ipv6", pools: [POOL_IPV6], rejected: "",
    blocksOf: ({ blockIpv6 }) => [blockIpv6], addressOf: ({ node }) => node.v6 },
};

/** Who the host's sessions are with. */
export interface CalicoBirdSessions {
  readonly peers: readonly ForwardingHost[];
  /**
   * The cluster id of a reflector: all its peers are clients. It is passive, other than Calico has it: two BIRDs that
   * dial each other at once may need half a minute until both are content.
   */
  readonly clusterId?: string;
  /** IPv4 unless told. */
  readonly family?: "ipv4" | "ipv6";
}

/** One BIRD, which may be ended and started again. */
export class CalicoBird {
  readonly host: ForwardingHost;
  readonly #name: string;
  readonly #programs: readonly [daemon: string, client: string];
  readonly #folder: string;
  #process: Background | undefined;

  constructor(host: ForwardingHost, sessions: CalicoBirdSessions) {
    const { name, version } = FAMILIES[sessions.family ?? "ipv4"];
    this.host = host;
    this.#name = `${name}-${host.node.name}`;
    this.#programs = BIRD_PROGRAMS[version];
    this.#folder = join(host.node.lab.folder, this.#name);
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(join(this.#folder, "bird.cfg"), configuration(host, sessions));
  }

  /** As calico-node does: ready to recover from a restart (-R). */
  async start(): Promise<void> {
    const { node } = this.host;
    const [daemon, client] = this.#programs;
    const words = [daemon, "-R", "-f", "-c", join(this.#folder, "bird.cfg"), "-s", this.#socket,
      "-P", join(this.#folder, "bird.pid")];
    this.#process = node.lab.adopt(this.#name,
      new Background(inside(node.namespace, words), join(this.#folder, "log")));
    await waitFor(node.lab, `${this.#name} to answer`, () => run([client, "-s", this.#socket, "show", "status"]),
      ({ status }) => status === 0);
  }

  get #socket(): string {
    return join(this.#folder, "bird.ctl");
  }

  /** Whether all its sessions are Established. */
  async isUp(): Promise<boolean> {
    const { stdout } = await run([this.#programs[1], "-s", this.#socket, "show", "protocols"]);
    const sessions = stdout.split("\n").filter((line) => / BGP /.test(line));
    return sessions.length > 0 && sessions.every((line) => line.includes("Established"));
  }

  /** As an operator would: BIRD says goodbye to its peers, and its routes stay in the kernel. */
  async stop(): Promise<void> { await this.#process?.stop(); }
  /** Without a word: its peers and its kernel keep the routes. */
  async kill9(): Promise<void> { await this.#process?.kill9(); }
}

function configuration(host: ForwardingHost, { peers, clusterId, family = "ipv4" }: CalicoBirdSessions): string {
  const { pools, rejected, blocksOf, addressOf } = FAMILIES[family];
  const blocks = blocksOf(host);
  return `log stderr all;
router id ${host.node.v4};
protocol static {
${blocks.map((block) => `  route ${block} blackhole;`).join("\n")}
}
function calico_aggr() {
${blocks.map((block) => `  if ( net = ${block} ) then accept;\n  if ( net ~ ${block} ) then reject;`).join("\n")}
}
filter calico_export_to_bgp_peers {
  if ( source = RTS_BGP ) then krt_metric = ${PRIORITY_SUM} - bgp_local_pref;
  else {
    if ( ! defined(krt_metric) ) then krt_metric = ${POD_METRIC};
    bgp_local_pref = ${PRIORITY_SUM} - krt_metric;
  }
  calico_aggr();
${pools.map((pool) => `  if ( net ~ ${pool} ) then accept;`).join("\n")}
  reject;
}
filter calico_kernel_programming {
  if ( source = RTS_BGP ) then {
    krt_metric = ${PRIORITY_SUM} - bgp_local_pref;
    if ( krt_metric < ${POD_METRIC} ) then preference = 200;
  }
  ${rejected}
  accept;
}
protocol kernel {
  learn; persist; scan time 2; import all; export filter calico_kernel_programming; graceful restart; merge paths on;
}
protocol device { scan time 2; }
protocol direct { interface -"cali*", -"kube-ipvs*", "*"; }
template bgp bgp_template {
  local ${addressOf(host)} as ${LAB_AS};
  multihop; gateway recursive; import all; export filter calico_export_to_bgp_peers; add paths on; graceful restart;
  connect delay time 2; connect retry time 5; error wait time 5, 30;
}
${peers.map(addressOf).map((peer) => `protocol bgp Node_${peer.replaceAll(/[.:]/g, "_")} from bgp_template {
  neighbor ${peer} as ${LAB_AS};${clusterId === undefined ? "" : ` rr client; rr cluster id ${clusterId}; passive on;`}
}`).join("\n")}
`;
}
