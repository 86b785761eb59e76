/** What deploy/ and docs/calico.md show can be read: by our own YAML reader, the store, the configuration's reader. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ALWAYS, NODE_STATUSES, secretRow, SERVICES } from "../src/calico/datastore/kubernetes/resources.ts";
import { readDocuments } from "../src/calico/documents.ts";
import { ResourceStore } from "../src/calico/store.ts";
import { FaultList } from "../src/config/fault.ts";
import type { ConfigFault } from "../src/config/fault.ts";
import { readConfiguration } from "../src/config/reader.ts";

interface Named { readonly kind: string; readonly name: string }
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: { readonly name: string };
  readonly resources?: readonly string[];
  readonly roleRef?: Named;
  readonly subjects?: readonly Named[];
  readonly rules?: readonly Readonly<Record<"apiGroups" | "resources" | "verbs", readonly string[]>>[];
  readonly data?: Readonly<Record<string, string>>;
}

const ROOT = join(import.meta.dirname, "..");
const FOLDER = join(ROOT, "deploy/kubernetes");
const read = (...path: string[]): string => readFileSync(join(ROOT, ...path), "utf8");

function documentsOf(name: string, text: string): readonly Manifest[] {
  const faults = new FaultList(name, text);
  const values = readDocuments(text, faults);
  expect(faults.all()).toEqual([]);
  return values as unknown as readonly Manifest[];
}

function mistakesOf(text: string): readonly ConfigFault[] {
  const configuration = readConfiguration(text, "configuration");
  return "faults" in configuration ? configuration.faults : [];
}

/** How a role names the groups of the API. */
const GROUPS = {
  "v1": [""], "discovery.k8s.io/v1": ["discovery.k8s.io"], "calico": ["crd.projectcalico.org", "projectcalico.org"],
} as const;

/** The fenced blocks of a language, without the indentation of a list that they are in. */
function blocksOf(name: string, language: string): readonly string[] {
  const fence = "`".repeat(3);
  return [...read(name).matchAll(new RegExp(`^( *)${fence}${language}\\n([\\s\\S]*?)^\\1${fence}$`, "gm"))]
    .map(([, indent = "", block = ""]) => block.replaceAll(new RegExp(`^${indent}`, "gm"), ""));
}

describe("deploy/kubernetes", () => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"));
  const manifests = names.flatMap((name) => documentsOf(name, read("deploy/kubernetes", name)));

  it("has what kustomization.yaml and the manifests name", () => {
    const there = new Set(manifests.map(({ kind, metadata }) => `${kind} ${metadata?.name}`));
    const named = manifests.flatMap(({ roleRef, subjects = [] }) =>
      (roleRef === undefined ? [] : [roleRef, ...subjects]));
    expect(named.length).toBeGreaterThan(1);
    expect(named.filter(({ kind, name }) => !there.has(`${kind} ${name}`))).toEqual([]);
    const files = manifests.filter(({ kind }) => kind === "Kustomization").flatMap(({ resources = [] }) => resources);
    expect(files.filter((file) => !names.includes(file))).toEqual([]);
    const daemonSet = read("deploy/kubernetes/daemon-set.yaml");
    expect(daemonSet).toMatch(/serviceAccountName: reflectd\n/);
    expect(daemonSet).toMatch(/configMap:\n +name: reflectd\n/);
  });
  it("allows what the Kubernetes datastore asks for, and nothing else", () => {
    const allowed = manifests.flatMap(({ rules = [] }) => rules).flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) => resources.map((resource) => `${group}/${resource}: ${verbs.join(" ")}`)));
    const read = [...ALWAYS, ...SERVICES, secretRow("kube-system", "any")].flatMap(({ plural, group }) =>
      GROUPS[group].map((name) => `${name}/${plural}: list watch`));
    const groups: readonly string[] = GROUPS[NODE_STATUSES.group];
    const written = groups.flatMap((name) => [
      `${name}/${NODE_STATUSES.plural}: get list watch`, `${name}/${NODE_STATUSES.plural}/status: update`]);
    const asked = [...read, ...written];
    expect(allowed.sort()).toEqual(asked.sort());
  });
  it("has a configuration without a mistake", () => {
    const files = manifests.flatMap(({ data = {} }) => Object.entries(data));
    expect(files.map(([name]) => name)).toEqual(["reflectd.json"]);
    expect(files.flatMap(([, text]) => mistakesOf(text))).toEqual([]);
  });
});

it.each(["service", "socket"])("deploy/systemd has the %s of docs/operations.md", (unit) => {
  expect(read("docs/operations.md")).toContain(`\n${read(`deploy/systemd/reflectd.${unit}`)}\``);
});

it("deploy/systemd has the drop-in of docs/operating.md", () => {
  expect(read("docs/operating.md")).toContain(`\n${read("deploy/systemd/forwarding.conf")}\``);
});

describe("docs/calico.md", () => {
  it("shows configurations without a mistake", () => {
    const blocks = blocksOf("docs/calico.md", "json");
    expect(blocks.length).toBeGreaterThan(2);
    expect(blocks.flatMap(mistakesOf)).toEqual([]);
  });
  it("shows resources without a mistake", () => {
    const shown = blocksOf("docs/calico.md", "yaml").flatMap((block) => documentsOf("docs/calico.md", block))
      .filter(({ apiVersion }) => apiVersion === "projectcalico.org/v3");
    expect(shown.map(({ kind }) => kind).sort()).toEqual(["BGPConfiguration", ...Array<string>(5).fill("BGPPeer")]);
    expect(new ResourceStore().put(shown)).toEqual([]);
  });
});
