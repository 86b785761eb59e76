/** Manifests as they are met: printed by kubectl and calicoctl, and written by people. */

import type { JsonValue } from "../../../src/config/json.ts";

/** One text and the values of its documents. */
export interface Sample { readonly title: string; readonly text: string; readonly values: readonly JsonValue[] }

const lines = (...given: readonly string[]): string => `${given.join("\n")}\n`;
const V3 = "projectcalico.org/v3";

/** Texts without a mistake. */
export const SAMPLES: readonly Sample[] = [
  {
    title: "a list as kubectl prints it",
    text: lines(
      "apiVersion: v1", "items:", "- apiVersion: v1", "  kind: Node", "  metadata:", "    annotations:",
      "      projectcalico.org/ASNumber: \"64512\"", "      projectcalico.org/IPv4Address: 10.0.0.5/24",
      "      projectcalico.org/labels: '{\"rack\":\"a\"}'", "    creationTimestamp: \"2024-05-01T10:11:12Z\"",
      "    labels:", "      kubernetes.io/os: linux", "      node-role.kubernetes.io/control-plane: \"\"",
      "      route-reflector: \"true\"", "    name: node-1", "    resourceVersion: \"1234567\"", "  spec:",
      "    podCIDR: 10.244.0.0/24", "    podCIDRs:", "    - 10.244.0.0/24", "    - fd00:10:244::/64",
      "    taints:", "    - effect: NoSchedule", "      key: node-role.kubernetes.io/control-plane", "  status: {}",
      "kind: List", "metadata:", "  resourceVersion: \"\""),
    values: [{
      apiVersion: "v1",
      items: [{
        apiVersion: "v1", kind: "Node",
        metadata: {
          annotations: {
            "projectcalico.org/ASNumber": "64512", "projectcalico.org/IPv4Address": "10.0.0.5/24",
            "projectcalico.org/labels": '{"rack":"a"}',
          },
          creationTimestamp: "2024-05-01T10:11:12Z",
          labels: {
            "kubernetes.io/os": "linux", "node-role.kubernetes.io/control-plane": "", "route-reflector": "true",
          },
          name: "node-1", resourceVersion: "1234567",
        },
        spec: {
          podCIDR: "10.244.0.0/24", podCIDRs: ["10.244.0.0/24", "fd00:10:244::/64"],
          taints: [{ effect: "NoSchedule", key: "node-role.kubernetes.io/control-plane" }],
        },
        status: {},
      }],
      kind: "List", metadata: { resourceVersion: "" },
    }],
  },
  {
    title: "what an operator writes, several documents, comments and both indentations of lists",
    text: lines(
      "# Route reflectors: no mesh.", "---", "apiVersion: projectcalico.org/v3", "kind: BGPConfiguration",
      "metadata: { name: default }", "spec:", "  nodeToNodeMeshEnabled: false   # all through the reflectors",
      "  asNumber: 64512", "  serviceClusterIPs:", "    - cidr: 10.96.0.0/12", "    - {cidr: \"fd00:96::/112\"}",
      "  communities:", "  - name: bgp-large", "    value: 64512:120:1", "  prefixAdvertisements:", "  -",
      "    cidr: 172.218.4.0/26", "    communities: [ bgp-large, \"64512:120\" ]", "---", "# the sessions", "",
      "kind: BGPPeer", "apiVersion: projectcalico.org/v3", "metadata:", "  name: peer-with-rr", "spec:",
      "  nodeSelector: \"!has(route-reflector)\"", "  peerSelector: has(route-reflector) &&",
      "    rack in {'a', \"b\"}", "  maxRestartTime: 120s", "  password:", "    secretKeyRef: {name: bgp, key: rr}",
      "  filters: []", "  sourceAddress:", "...", "---", "---", "# nothing here"),
    values: [
      {
        apiVersion: V3, kind: "BGPConfiguration", metadata: { name: "default" },
        spec: {
          nodeToNodeMeshEnabled: false, asNumber: 64512,
          serviceClusterIPs: [{ cidr: "10.96.0.0/12" }, { cidr: "fd00:96::/112" }],
          communities: [{ name: "bgp-large", value: "64512:120:1" }],
          prefixAdvertisements: [{ cidr: "172.218.4.0/26", communities: ["bgp-large", "64512:120"] }],
        },
      },
      {
        kind: "BGPPeer", apiVersion: V3, metadata: { name: "peer-with-rr" },
        spec: {
          nodeSelector: "!has(route-reflector)", peerSelector: "has(route-reflector) && rack in {'a', \"b\"}",
          maxRestartTime: "120s", password: { secretKeyRef: { name: "bgp", key: "rr" } }, filters: [],
          sourceAddress: null,
        },
      },
    ],
  },
  {
    title: "a peer with a port, a filter with nested rules, addresses without quotes",
    text: lines(
      "%YAML 1.1", "---", "apiVersion: projectcalico.org/v3", "kind: BGPPeer", "metadata:", "    name: rack1-tor",
      "spec:", "    peerIP: 192.20.30.40:179", "    asNumber: 64567", "    reachableBy: fd00::1", "---",
      "kind: BGPFilter", "spec:", "  exportV4:", "  - action: Accept", "    matchOperator: In",
      "    cidr: 77.0.0.0/16", "    prefixLength: {min: 24,", "                   max: 26}", "    source: RemotePeers",
      "  - action: Reject", "  importV6:", "  - {action: Accept, cidr: 5000::/64, interface: '*.calico'}"),
    values: [
      {
        apiVersion: V3, kind: "BGPPeer", metadata: { name: "rack1-tor" },
        spec: { peerIP: "192.20.30.40:179", asNumber: 64567, reachableBy: "fd00::1" },
      },
      {
        kind: "BGPFilter",
        spec: {
          exportV4: [
            {
              action: "Accept", matchOperator: "In", cidr: "77.0.0.0/16", prefixLength: { min: 24, max: 26 },
              source: "RemotePeers",
            },
            { action: "Reject" },
          ],
          importV6: [{ action: "Accept", cidr: "5000::/64", interface: "*.calico" }],
        },
      },
    ],
  },
  {
    title: "texts of several lines",
    text: lines(
      "kept: |", "  one", "    two", "", "  three", "", "bare: |-", "  one", "more: |+", "  one", "", "folded: >",
      "  one", "  two", "", "  three", "    four", "  five", "given: |2", "     one", "stripped: >-", "", "", "  one",
      "  two", "quoted: \"one", "  two\\", "  \\ three", "", "  four\\n\"", "single: 'it''s", "", "  one'",
      "list:", "- |", "  one", "- >-", " one", " two", "plain: one", "  two # a comment", "last: |"),
    values: [{
      kept: "one\n  two\n\nthree\n", bare: "one", more: "one\n\n", folded: "one two\nthree\n  four\nfive\n",
      given: "   one\n", stripped: "\n\none two", quoted: "one two three\nfour\n", single: "it's\none",
      list: ["one\n", "one two"], plain: "one two", last: "",
    }],
  },
  {
    title: "lists in lists, keys of all kinds, empty values",
    text: lines(
      "- - a", "  - - b", "- c: 1", "  d :  2", "-", "- e:", "  - f", "  -", "  g:", "    - h", "- \"i j\": 1",
      "  'k': 2", "  l m: 3", "  1.10: 4", "  yes: 5", "  a:b: 6", "  n/o#p: 7", "- []", "- {}", "- [[], [{}]]"),
    values: [[
      ["a", ["b"]], { c: 1, d: 2 }, null, { e: ["f", null], g: ["h"] },
      { "i j": 1, k: 2, "l m": 3, "1.10": 4, yes: 5, "a:b": 6, "n/o#p": 7 }, [], {}, [[], [{}]],
    ]],
  },
];
