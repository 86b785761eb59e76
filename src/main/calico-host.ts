/** Who this host is in a Calico cluster, as calico-node finds it out: calico.md 1.5. */

import { createHash } from "node:crypto";
import { promises } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { given } from "../base/given.ts";
import { nodeAddressOf } from "../calico/resources/scalars.ts";
import { parsePrefix } from "../base/prefix.ts";
import type { HostFacts } from "../calico/translate/speaker.ts";
import type { CliIo } from "../control/cli-io.ts";

/** Where calico-node leaves the name that it was started with. */
const NODE_NAME_FILE = "/var/lib/calico/nodename";

/** Of Calico installed by its manifests: calico.md 1.2. */
export const SECRET_NAMESPACE = "kube-system";

/** What Calico's environment says of this host; an empty text says nothing. */
export function hostFacts(nodeName: string, { env }: Pick<CliIo, "env">): HostFacts {
  const clusterIPs = parsePrefix(env["CALICO_ADVERTISE_CLUSTER_IPS"] ?? "");
  return {
    nodeName,
    kubernetesNodeName: env["CALICO_K8S_NODE_REF"] || nodeName,
    secretNamespace: env["NAMESPACE"] || SECRET_NAMESPACE,
    usePodCidr: env["USE_POD_CIDR"] === "true",
    serviceClusterIPs: clusterIPs && [clusterIPs],
    routerId: env["CALICO_ROUTER_ID"] || undefined,
    sha256: (text) => createHash("sha256").update(text).digest(),
  };
}

/**
 * The addresses that calico-node would give its Node: IP and IP6, where they are addresses; one without a length gets
 * that of the interface which has it (calico.md 1.5).
 */
export function addressesOfHost({ env }: Pick<CliIo, "env">): { readonly ipv4?: string; readonly ipv6?: string } {
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const addressIn = (name: string, octets: number): string | undefined => {
    const text = env[name] ?? "";
    if (nodeAddressOf(text)?.network.address.length !== octets) return undefined;
    return text.includes("/") ? text : interfaces.find(({ address }) => address === text)?.cidr ?? text;
  };
  return given({ ipv4: addressIn("IP", 4), ipv6: addressIn("IP6", 16) });
}

/** Where Felix says which pods peer with their node: calico.md 3.8. */
export function endpointStatusFolder({ env }: Pick<CliIo, "env">): string {
  return join(env["CALICO_ENDPOINT_STATUS_PATH_PREFIX"] || "/var/run/calico", "endpoint-status");
}

/** The name of our node: NODENAME, what calico-node was called before, HOSTNAME, the host's name. */
export async function nodeNameOfHost({ env }: Pick<CliIo, "env">): Promise<string> {
  if (env["NODENAME"]) return env["NODENAME"];
  // Where there was no calico-node there is no such file.
  const left = await promises.readFile(NODE_NAME_FILE, "utf8").catch(() => "");
  return left.trim() || (env["HOSTNAME"] || hostname()).toLowerCase();
}
