/** Where a lab's cluster keeps Calico's resources, each in the form that calicoctl or kubectl leaves them in. */

import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab, LabNode } from "../lab/lab.ts";
import { Relay } from "../lab/relay.ts";
import { ApiServer } from "./api-server.ts";
import { Etcd } from "./etcd.ts";
import type { Manifest, Members } from "./manifests.ts";

/** A datastore and its writer. */
export interface Home {
  /** A resource as this datastore has it. */
  formOf(resource: Manifest): Manifest;
  put(resource: Manifest): Promise<void>;
  remove(resource: Manifest): Promise<void>;
  /** Keys of reflectd's `calico`, for a node from which the datastore is reached from now on. */
  settingsFor(node: LabNode): Promise<Members>;
  /** After the lab. */
  close(): Promise<void>;
}

/** A home that is a server of its own. */
export interface RemoteHome extends Home {
  /** The ways to it that `settingsFor` opened. */
  readonly relays: readonly Relay[];
  /** The server ends without a word; `revive` brings it back with what it knew. */
  kill(): Promise<void>;
  revive(): Promise<void>;
}

/** A folder with a file for each resource. */
export class FilesHome implements Home {
  readonly folder: string;

  constructor(lab: Lab) {
    this.folder = join(lab.folder, "resources");
    mkdirSync(this.folder);
  }

  formOf(resource: Manifest): Manifest { return resource; }

  /** As editors do: beside it, then over it. */
  async put(resource: Manifest): Promise<void> {
    const file = this.#fileOf(resource);
    writeFileSync(`${file}.tmp`, JSON.stringify(resource));
    renameSync(`${file}.tmp`, file);
  }

  async remove(resource: Manifest): Promise<void> { rmSync(this.#fileOf(resource)); }
  async settingsFor(): Promise<Members> { return { datastore: "files", files: [this.folder] }; }
  async close(): Promise<void> {}

  #fileOf({ kind, metadata: { name } }: Manifest): string { return join(this.folder, `${kind}-${name}.json`); }
}

/** An etcd on this host, written to by its own client. */
export class EtcdHome implements RemoteHome {
  readonly relays: Relay[] = [];
  readonly #etcd: Etcd;

  private constructor(etcd: Etcd) {
    this.#etcd = etcd;
  }

  /** Starts it. */
  static async open(): Promise<EtcdHome> { return new EtcdHome(await Etcd.start()); }

  formOf(resource: Manifest): Manifest { return resource; }
  put(resource: Manifest): Promise<void> { return this.#etcd.put(keyOf(resource), resource); }
  async remove(resource: Manifest): Promise<void> { await this.#etcd.ctl("del", keyOf(resource)); }

  async settingsFor(node: LabNode): Promise<Members> {
    this.relays.push(await Relay.open(node, this.#etcd.port));
    return { datastore: "etcd", etcd: { endpoints: [this.#etcd.url] } };
  }

  kill(): Promise<void> { return this.#etcd.kill9(); }
  revive(): Promise<void> { return this.#etcd.run(); }

  async close(): Promise<void> {
    for (const relay of this.relays) await relay.close();
    await this.#etcd.close();
  }
}

function keyOf({ kind, metadata: { name } }: Manifest): string {
  const plural = kind === "BlockAffinity" ? "blockaffinities" : `${kind.toLowerCase()}s`;
  return `/calico/resources/v3/projectcalico.org/${plural}/${name}`;
}

/** What Calico keeps of a Node's `spec.bgp` in annotations of Kubernetes' Node. */
const ANNOTATIONS = [["ipv4Address", "IPv4Address"], ["ipv6Address", "IPv6Address"], ["asNumber", "ASNumber"],
  ["routeReflectorClusterID", "RouteReflectorClusterID"]] as const;

/** An API server in this process. Nodes are Kubernetes' own there, all else is in Calico's group. */
export class KubernetesHome implements RemoteHome {
  readonly relays: Relay[] = [];
  readonly #server: ApiServer = new ApiServer();

  private constructor() {}

  /** Starts it. */
  static async open(): Promise<KubernetesHome> {
    const home = new KubernetesHome();
    await home.#server.listen();
    return home;
  }

  formOf({ kind, metadata, spec }: Manifest): Manifest {
    if (kind !== "Node") return { apiVersion: "crd.projectcalico.org/v1", kind, metadata, spec };
    const bgp = spec["bgp"] as Members;
    const annotations = Object.fromEntries(ANNOTATIONS.filter(([key]) => key in bgp)
      .map(([key, annotation]) => [`projectcalico.org/${annotation}`, String(bgp[key])]));
    return { apiVersion: "v1", kind, metadata: { ...metadata, annotations }, spec: {} };
  }

  async put(resource: Manifest): Promise<void> { this.#server.put(this.formOf(resource)); }
  async remove(resource: Manifest): Promise<void> { this.#server.remove(this.formOf(resource)); }

  async settingsFor(node: LabNode): Promise<Members> {
    const { url } = this.#server;
    const file = join(node.lab.folder, `kubeconfig-${node.name}.json`);
    writeFileSync(file, JSON.stringify({ kind: "Config", "current-context": "lab",
      contexts: [{ name: "lab", context: { cluster: "lab" } }],
      clusters: [{ name: "lab", cluster: { server: url } }] }));
    this.relays.push(await Relay.open(node, Number(new URL(url).port)));
    return { datastore: "kubernetes", kubeconfig: file };
  }

  kill(): Promise<void> { return this.#server.close(); }
  revive(): Promise<void> { return this.#server.listen(); }

  async close(): Promise<void> {
    for (const relay of this.relays) await relay.close();
    await this.#server.close();
  }
}
