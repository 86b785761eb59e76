/**
 * A node's plan as the configuration that calico-node gives to its BIRD: what confd writes from its templates
 * (bird.cfg, bird_aggr.cfg and bird_ipam.cfg of v3.32) for one family, with the lab's shorter waits. Both ends of a
 * session are then by the same plan, and BIRD is the judge of whether they agree.
 */

import { formatPrefix } from "../../../src/base/prefix.ts";
import { PRIORITY_BASE } from "../../../src/config/intent.ts";
import type { FilterOperation, FilterRule } from "../../../src/config/intent.ts";
import type { FamilyPlan, NodePlan } from "../../../src/calico/translate/node.ts";
import type { CalicoFamily } from "../../../src/calico/translate/speaker.ts";
import type { KernelFilterView, SessionView } from "../../../src/calico/translate/view.ts";
import { LAB_HOLD_SECONDS } from "../lab/router.ts";

/** The passwords of Secrets by `name/key`; like calico-node, a session goes without one that is not there. */
export type Passwords = ReadonlyMap<string, string>;

/** The configuration of one family; a node that is not there (yet) has one without sessions. */
export function birdTemplate({ families, speaker }: NodePlan, family: CalicoFamily, passwords: Passwords): string {
  const plan = families?.[family];
  if (plan === undefined || speaker?.routerId === undefined) return "router id 192.0.2.1;\nprotocol device {}\n";
  const { view, routePriority } = plan;
  return `log stderr all;
router id ${speaker.routerId};
filter calico_kernel_programming {
${view.kernelFilter.map(kernelStatement).join("\n")}
  accept;
}
function calico_priority() {
  if source != RTS_BGP then bgp_local_pref = ${PRIORITY_BASE - routePriority};
}
protocol kernel { learn; persist; scan time 1; import all; export filter calico_kernel_programming; merge paths on; }
protocol device { scan time 2; }
protocol direct { interface -"cali*", -"kube-ipvs*", "*"; }
protocol static {
${view.originated.map(({ prefix }) => `  route ${prefix} blackhole;`).join("\n")}
}
template bgp bgp_template {
  debug { states, routes };
  gateway recursive;
  add paths on;
  graceful restart;
  hold time ${LAB_HOLD_SECONDS};
  connect delay time 1; connect retry time 1; error wait time 1, 2;
}
${view.peers.map((session) => sessionText(plan, session, passwords)).join("\n")}
`;
}

function sessionText({ policies, routePriority }: FamilyPlan, session: SessionView, passwords: Passwords): string {
  const { name, address, port, localAs, remoteAs, ttlSecurity, passwordSecret, importFilters } = session;
  const { import: incoming, export: outgoing } = policies.of(importFilters);
  const statements = (rules: readonly FilterRule[]): string =>
    rules.filter(({ peerType }) => peerType === undefined || (peerType === "iBGP") === (localAs === remoteAs))
      .map(statement).join("\n");
  const password = passwordSecret && passwords.get(`${passwordSecret.name}/${passwordSecret.key}`);
  const options: readonly (readonly [isThere: unknown, text: string])[] = [
    [true, ttlSecurity > 0 ? `ttl security on; multihop ${ttlSecurity}` : "ttl security off; multihop"],
    [session.sourceAddress, `source address ${session.sourceAddress}`],
    [session.routeReflectorClient, `rr client; rr cluster id ${session.clusterId}`],
    [session.nextHopMode !== "auto", `next hop ${session.nextHopMode}`],
    [session.keepaliveSeconds, `keepalive time ${session.keepaliveSeconds}`],
    [session.allowOwnAs, `allow local as ${session.allowOwnAs}`],
    [session.passive, "passive on"],
    [password, `password "${password}"`],
  ];
  return `protocol bgp ${name} from bgp_template {
  local as ${localAs};
  neighbor ${address} port ${port} as ${remoteAs};
  graceful restart time ${session.restartSeconds};
${options.filter(([isThere]) => isThere).map(([, text]) => `  ${text};`).join("\n")}
  import filter {
${statements(incoming.rules)}
    if defined(bgp_local_pref) && bgp_local_pref > ${PRIORITY_BASE - routePriority} then preference = 200;
    accept;
  };
  export filter {
    calico_priority();
${statements(outgoing.rules)}
    reject;
  };
}`;
}

/** A rule as BIRD's `if`; one that goes on decides nothing. */
function statement(rule: FilterRule): string {
  const { action, operations = [] } = rule;
  const decision = action === "continue" ? "" : `${action};`;
  const statements = [...operations.map(operation), decision].join(" ");
  return `    if ${["true", ...criteria(rule)].join(" && ")} then { ${statements} }`;
}

function criteria(rule: FilterRule): readonly string[] {
  const { cidr, matchOperator, prefixLength, source, community, asPathPrefix, priority, priorityBelow } = rule;
  const found: string[] = [];
  if (cidr !== undefined) {
    const network = formatPrefix(cidr);
    const { min = 0, max = cidr.address.length * 8 } = prefixLength ?? {};
    const set = prefixLength === undefined ? network : `[ ${network}{${Math.max(min, cidr.length)},${max}} ]`;
    found.push({ In: `net ~ ${set}`, NotIn: `!(net ~ ${set})`, Equal: `net = ${network}`,
      NotEqual: `net != ${network}` }[matchOperator ?? "In"]);
  }
  if (source !== undefined) found.push("source = RTS_BGP");
  if (rule.interface !== undefined) found.push(`ifname ~ "${rule.interface}"`);
  if (community !== undefined) {
    found.push(`(${community.join(",")}) ~ ${community.length === 2 ? "bgp_community" : "bgp_large_community"}`);
  }
  if (asPathPrefix !== undefined) found.push(`bgp_path ~ [= ${asPathPrefix.join(" ")} * =]`);
  if (priority !== undefined) found.push(`bgp_local_pref = ${PRIORITY_BASE - priority}`);
  if (priorityBelow !== undefined) found.push(`bgp_local_pref > ${PRIORITY_BASE - priorityBelow}`);
  return found;
}

function operation(change: FilterOperation): string {
  switch (change.do) {
    case "addCommunity": {
      const attribute = change.community.length === 2 ? "bgp_community" : "bgp_large_community";
      return `${attribute}.add((${change.community.join(",")}));`;
    }
    case "prependAsPath": return change.asns.toReversed().map((asn) => `bgp_path.prepend(${asn});`).join(" ");
    case "setPriority": return `bgp_local_pref = ${PRIORITY_BASE - change.priority};`;
  }
}

/** Tunnels take Calico's own BIRD; no pool of the lab has one. */
function kernelStatement({ action, cidr, nextHops, tunnel }: KernelFilterView): string {
  if (tunnel !== undefined || nextHops !== undefined) throw new Error("the lab has no tunnels");
  const metric = `if source = RTS_BGP then krt_metric = ${PRIORITY_BASE} - bgp_local_pref;`;
  return `  if net ~ ${cidr} then { ${metric} ${action}; }`;
}
