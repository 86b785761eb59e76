/** GoBGP: dynamic neighbours of a peer group, asked and commanded through its own client over gRPC on loopback. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { clientRange, daemonAddress, freePort } from "../place.ts";
import { AS_NUMBER, HOLD_TIME_SECONDS, MANY_DIALS, REJECTED_COMMUNITY, ROUTER_ID, programsMissing,
  running } from "./common.ts";
import type { DaemonKind, DaemonSetup } from "./daemon.ts";
import { ask } from "./process.ts";

const GOBGPD = "/usr/bin/gobgpd";
const GOBGP_CLIENT = "/usr/bin/gobgp";
/** The largest that its configuration takes. */
const ADD_PATH_SEND_MAX = 255;

/** The row of the table of daemons. */
export const GOBGP: DaemonKind = {
  name: "gobgp",
  dialsAtOnce: MANY_DIALS,
  missing: () => programsMissing(GOBGPD, GOBGP_CLIENT),
  start,
};

async function start(setup: DaemonSetup): ReturnType<DaemonKind["start"]> {
  const file = join(setup.folder, "gobgpd.toml");
  const configuration = gobgpConfiguration(setup);
  writeFileSync(file, configuration);
  const port = String(await freePort());
  const clientWords = [GOBGP_CLIENT, "-p", port];
  const client = (...words: string[]): ReturnType<typeof ask> => ask([...clientWords, ...words]);
  const words = [GOBGPD, "-f", file, "--log-plain", "--log-level", "error", "--api-hosts", `127.0.0.1:${port}`,
    "--pprof-disable"];
  const daemon = await running(words, setup, {
    version: "", configuration,
    reloadPolicy: async (rejects) => {
      await client("global", "policy", "import", rejects ? "add" : "del", POLICY);
      await client("neighbor", "all", "softresetin");
    },
    // Of all neighbours: without the count of what each was told, which only `neighbor ADDRESS` asks for.
    peerList: [...clientWords, "neighbor"],
  });
  return { ...daemon, version: /(\d\S*)/.exec((await ask([GOBGPD, "--version"])).text)?.[1] ?? "" };
}

const POLICY = "policy";

/** The configuration file: it defines the policy, which a command puts in force. */
export function gobgpConfiguration(setup: DaemonSetup): string {
  const { place, family, addPath } = setup;
  return `[global.config]
as = ${AS_NUMBER}
router-id = "${ROUTER_ID}"
port = ${place.port}
local-address-list = ["${daemonAddress(place, family)}"]
[global.apply-policy.config]
import-policy-list = []
default-import-policy = "accept-route"

[[defined-sets.bgp-defined-sets.community-sets]]
community-set-name = "rejected"
community-list = ["${REJECTED_COMMUNITY.join(":")}"]
[[policy-definitions]]
name = "${POLICY}"
[[policy-definitions.statements]]
name = "reject"
[policy-definitions.statements.conditions.bgp-conditions.match-community-set]
community-set = "rejected"
[policy-definitions.statements.actions]
route-disposition = "reject-route"

[[peer-groups]]
[peer-groups.config]
peer-group-name = "clients"
peer-as = ${AS_NUMBER}
[peer-groups.timers.config]
hold-time = ${HOLD_TIME_SECONDS}
[peer-groups.transport.config]
passive-mode = true
[peer-groups.route-reflector.config]
route-reflector-client = true
route-reflector-cluster-id = "${ROUTER_ID}"
${addPath ? `[peer-groups.add-paths.config]\nreceive = true\nsend-max = ${ADD_PATH_SEND_MAX}\n` : ""}
[[peer-groups.afi-safis]]
[peer-groups.afi-safis.config]
afi-safi-name = "${family}-unicast"
[[dynamic-neighbors]]
[dynamic-neighbors.config]
prefix = "${clientRange(place, family)}"
peer-group = "clients"
`;
}
