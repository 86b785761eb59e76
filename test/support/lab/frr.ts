/** FRR: bgpd with zebra beside it, so that next hops have interfaces; bgpd tells the kernel nothing. */

import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabNode } from "./lab.ts";
import { inside } from "./lab.ts";
import { Background, must } from "./processes.ts";
import { LAB_AS, LAB_HOLD_SECONDS, familyOf } from "./router.ts";
import type { Announcement, InteropRoute, InteropSession, Router } from "./router.ts";
import { waitFor } from "./waiting.ts";

/** Where Debian puts it. */
export const FRR_PROGRAMS: readonly string[] = ["/usr/lib/frr/bgpd", "/usr/lib/frr/zebra", "/usr/bin/vtysh"];

/** What may differ between them. */
interface FrrOptions {
  /** Its own; the lab's unless told. */
  readonly asNumber?: number;
  /** What else is said of each neighbour, as `password secret`. */
  readonly more?: readonly string[];
  /** It restarts gracefully, too: the Restart Time that it announces (RFC 4724); a helper only unless told. */
  readonly restartSeconds?: number;
  /** Own routes from the start on. */
  readonly routes?: readonly string[];
}

/** Starts one with a session per peer address, all of the lab's AS, every session offering both families. */
export async function startFrr(
  node: LabNode, name: string, peers: readonly string[], options: FrrOptions = {},
): Promise<Router> {
  const frr = new Frr(node, name, peers, options);
  await frr.ready();
  return frr;
}

class Frr implements Router {
  readonly name: string;
  readonly node: LabNode;
  readonly routerId: string;
  readonly #asNumber: number;
  readonly #folder: string;
  readonly #zserv: string;
  readonly #zebra: Background;
  #bgpd: Background | undefined;
  #routeMaps = 0;

  constructor(node: LabNode, name: string, peers: readonly string[], options: FrrOptions) {
    this.#asNumber = options.asNumber ?? LAB_AS;
    this.name = name;
    this.node = node;
    this.routerId = node.v4;
    this.#folder = join(node.lab.folder, name);
    this.#zserv = join(this.#folder, "zserv");
    mkdirSync(this.#folder);
    // It drops to its own user before it makes its sockets here.
    chmodSync(this.#folder, 0o777);
    writeFileSync(join(this.#folder, "bgpd.conf"), configuration(node, peers, options));
    this.#zebra = this.#start("zebra", ["-z", this.#zserv]);
  }

  /** bgpd tries zebra once and then only after ten seconds, and without interfaces it knows no IPv6 next hops. */
  async ready(): Promise<void> {
    await waitFor(this.node.lab, `${this.name}: zebra's socket`, () => existsSync(this.#zserv), (there) => there);
    this.#bgpd = this.#start("bgpd", ["-z", this.#zserv, "-n", "-p", "179", "-f", join(this.#folder, "bgpd.conf")]);
    await waitFor(this.node.lab, `${this.name} to answer`, () => this.#ask("show bgp summary json"),
      (text) => text.includes("{"));
  }

  async routes(): Promise<InteropRoute[]> {
    const tables = await Promise.all(["ipv4", "ipv6"].map((family) =>
      this.#ask(`show bgp ${family} unicast json detail`)));
    return tables.flatMap(parseFrrRoutes);
  }

  async sessions(): Promise<InteropSession[]> {
    const summary = JSON.parse(await this.#ask("show bgp summary json")) as Summary;
    const peers = new Map<string, boolean>();
    for (const family of Object.values(summary)) {
      for (const [address, peer] of Object.entries(family.peers ?? {})) {
        peers.set(address, peer.state === "Established");
      }
    }
    return [...peers].map(([address, established]) => ({ address, established }));
  }

  async announce(...routes: Announcement[]): Promise<void> {
    for (const route of routes) await this.#configure(this.#networkCommands(route));
  }

  async withdraw(...prefixes: string[]): Promise<void> {
    for (const prefix of prefixes) {
      await this.#configure([...this.#inFamily(prefix), `no network ${prefix}`]);
    }
  }

  async stop(): Promise<void> { await Promise.all([this.#bgpd?.stop(), this.#zebra.stop()]); }
  async kill9(): Promise<void> { await Promise.all([this.#bgpd?.kill9(), this.#zebra.kill9()]); }
  freeze(): void { this.#bgpd?.signal("SIGSTOP"); }
  thaw(): void { this.#bgpd?.signal("SIGCONT"); }

  #start(program: string, more: readonly string[]): Background {
    const words = [`/usr/lib/frr/${program}`, "-u", "frr", "-g", "frr", "--vty_socket", this.#folder,
      "-i", join(this.#folder, `${program}.pid`), "-P", "0", "--log", "stdout", ...more];
    return this.node.lab.adopt(`${this.name} ${program}`,
      new Background(inside(this.node.namespace, words), join(this.#folder, `${program}.log`)));
  }

  #ask(...commands: string[]): Promise<string> {
    return must(["/usr/bin/vtysh", "--vty_socket", this.#folder, "-d", "bgpd",
      ...commands.flatMap((command) => ["-c", command])]);
  }

  async #configure(commands: readonly string[]): Promise<void> {
    const answer = await this.#ask("configure terminal", ...commands);
    if (answer.includes("%")) throw new Error(`${this.name}: ${answer}`);
  }

  #inFamily(prefix: string): string[] {
    return [`router bgp ${this.#asNumber}`, `address-family ${familyOf(prefix)} unicast`];
  }

  /** A route-map of its own per announcement: changing one in use would be delayed by FRR. */
  #networkCommands({ prefix, localPref, med, communities, largeCommunities }: Announcement): string[] {
    this.#routeMaps += 1;
    const map = `lab${this.#routeMaps}`;
    return [`route-map ${map} permit 10`,
      ...(localPref === undefined ? [] : [`set local-preference ${localPref}`]),
      ...(med === undefined ? [] : [`set metric ${med}`]),
      ...(communities === undefined ? [] : [`set community ${communities.join(" ")}`]),
      ...(largeCommunities === undefined ? [] : [`set large-community ${largeCommunities.join(" ")}`]),
      "exit", ...this.#inFamily(prefix), `network ${prefix} route-map ${map}`];
  }
}

function configuration(node: LabNode, peers: readonly string[], options: FrrOptions): string {
  const { asNumber = LAB_AS, more = [], restartSeconds, routes = [] } = options;
  const inFamily = (family: string): string => [
    ...peers.flatMap((peer) => [`neighbor ${peer} activate`, `neighbor ${peer} addpath-tx-all-paths`]),
    ...routes.filter((prefix) => familyOf(prefix) === family).map((prefix) => `network ${prefix}`),
  ].map((line) => `  ${line}`).join("\n");
  return `hostname ${node.name}
router bgp ${asNumber}
 bgp router-id ${node.v4}
 no bgp default ipv4-unicast
 no bgp ebgp-requires-policy
 no bgp network import-check
${restartSeconds === undefined ? "" : ` bgp graceful-restart
 bgp graceful-restart preserve-fw-state
 bgp graceful-restart restart-time ${restartSeconds}`}
 timers bgp ${LAB_HOLD_SECONDS / 3} ${LAB_HOLD_SECONDS}
${peers.map((peer) => ` neighbor ${peer} remote-as ${LAB_AS}
 neighbor ${peer} timers connect 1
 neighbor ${peer} advertisement-interval 0
${more.map((words) => ` neighbor ${peer} ${words}`).join("\n")}`).join("\n")}
 address-family ipv4 unicast
${inFamily("ipv4")}
 exit-address-family
 address-family ipv6 unicast
${inFamily("ipv6")}
 exit-address-family
`;
}

type Summary = Record<string, { readonly peers?: Record<string, { readonly state: string }> }>;

interface FrrPath {
  readonly prefix?: string;
  readonly local?: boolean;
  readonly aspath?: { readonly segments: readonly { readonly list: readonly number[] }[] };
  readonly metric?: number;
  readonly locPrf?: number;
  readonly bestpath?: { readonly overall?: boolean };
  readonly community?: { readonly list: readonly string[] };
  readonly largeCommunity?: { readonly list: readonly string[] };
  readonly originatorId?: string;
  readonly clusterList?: { readonly list: readonly string[] };
  readonly nexthops?: readonly { readonly ip: string; readonly scope?: string }[];
  readonly peer?: { readonly peerId: string };
}

/** `show bgp FAMILY unicast json detail`: per prefix a list whose first element describes the prefix. */
export function parseFrrRoutes(text: string): InteropRoute[] {
  const table = JSON.parse(text) as { readonly routes?: Readonly<Record<string, readonly FrrPath[]>> };
  return Object.entries(table.routes ?? {}).flatMap(([prefix, paths]) =>
    paths.filter((path) => path.peer !== undefined && path.local !== true).map((path) => ({
      prefix,
      nextHop: path.nexthops?.find((one) => one.scope !== "link-local")?.ip ?? "",
      localPref: path.locPrf,
      med: path.metric,
      communities: path.community?.list ?? [],
      largeCommunities: path.largeCommunity?.list ?? [],
      originatorId: path.originatorId,
      clusterList: path.clusterList?.list ?? [],
      asPath: path.aspath?.segments.flatMap((segment) => segment.list) ?? [],
      best: path.bestpath?.overall === true,
      from: path.peer?.peerId,
    })));
}
