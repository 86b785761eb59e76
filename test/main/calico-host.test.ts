/** Who this host is, by Calico's environment. */

import { networkInterfaces } from "node:os";
import { expect, it } from "vitest";
import { formatPrefix } from "../../src/base/prefix.ts";
import { addressesOfHost, endpointStatusFolder, hostFacts } from "../../src/main/calico-host.ts";

it("has the addresses of IP and IP6, with the length of their interface's network", () => {
  const loopback = Object.values(networkInterfaces()).flat().find((one) => one?.address === "127.0.0.1");
  expect(loopback?.cidr).toMatch(/^127\.0\.0\.1\//);
  expect(addressesOfHost({ env: { IP: "127.0.0.1", IP6: "fd00::1" } }))
    .toEqual({ ipv4: loopback?.cidr, ipv6: "fd00::1" });
  expect(addressesOfHost({ env: { IP: "10.9.9.9/24", IP6: "none" } })).toEqual({ ipv4: "10.9.9.9/24" });
  expect(addressesOfHost({ env: { IP: "autodetect", IP6: "10.9.9.9" } })).toEqual({});
  expect(addressesOfHost({ env: {} })).toEqual({});
});

it("takes one network of services, and nothing that is none", () => {
  const ranges = (text: string): unknown =>
    hostFacts("n", { env: { CALICO_ADVERTISE_CLUSTER_IPS: text } }).serviceClusterIPs?.map(formatPrefix);
  expect(ranges("10.96.0.0/12")).toEqual(["10.96.0.0/12"]);
  expect(ranges("fd00:96::/112")).toEqual(["fd00:96::/112"]);
  for (const text of ["", "all", "10.96.0.1/12"]) expect(ranges(text)).toBeUndefined();
});

it("says where Secrets and Felix's files are", () => {
  expect(hostFacts("n", { env: {} }).secretNamespace).toBe("kube-system");
  expect(hostFacts("n", { env: { NAMESPACE: "calico-system" } }).secretNamespace).toBe("calico-system");
  expect(endpointStatusFolder({ env: {} })).toBe("/var/run/calico/endpoint-status");
  expect(endpointStatusFolder({ env: { CALICO_ENDPOINT_STATUS_PATH_PREFIX: "/x" } })).toBe("/x/endpoint-status");
});
