/**
 * From a datastore to intents: what it tells goes into the store, and from there, gathered for a moment, through the
 * translation to whoever runs the sessions. Rules: nothing before everything was read once; an outage of any length
 * keeps what runs; what is wrong with a resource is said once, and costs that resource.
 */

import { unreachable } from "../base/assert.ts";
import { sameValue } from "../base/same.ts";
import type { Intent } from "../config/intent.ts";
import type { Datastore, DatastoreEvent, Timers, Wanted } from "./datastore/datastore.ts";
import type { WorkloadListener } from "./datastore/workloads.ts";
import { FirstSecrets } from "./first-secrets.ts";
import { NodePublisher } from "./node-publisher.ts";
import type { CalicoResources, ResourceFault } from "./resources/model.ts";
import type { SourceLog } from "./source-log.ts";
import { StatusReporter } from "./status-reporter.ts";
import type { Report } from "./status-reporter.ts";
import { ResourceStore } from "./store.ts";
import { IntentPlan } from "./translate/intent.ts";
import type { IntentSettings } from "./translate/intent.ts";
import { NodeTranslation } from "./translate/node.ts";
import type { NodePlan } from "./translate/node.ts";
import { hasServiceRanges } from "./translate/services.ts";
import type { HostFacts } from "./translate/speaker.ts";
import type { CalicoStatus, DatastoreKind } from "./translate/view.ts";

/** Changes that come together are translated together. */
const GATHER_MILLISECONDS = 50;
/** Of faults that are new together, the log names so many. */
const FAULTS_LOGGED_MAX = 100;

/** Who we are, and what the configuration adds: all that may change while the source runs. */
export interface Identity {
  readonly host: HostFacts;
  readonly settings: IntentSettings;
}

/** Pods of our host that peer with it, as a port. */
export interface Workloads {
  start(listener: WorkloadListener): void;
  stop(): Promise<void>;
}

/** What a source is made of. */
export interface SourceOptions {
  readonly kind: DatastoreKind;
  readonly datastore: Datastore;
  /** Absent: there are none. */
  readonly workloads?: Workloads;
  readonly identity: Identity;
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  readonly wallMilliseconds: () => number;
  readonly log: SourceLog;
  /** Hears how much calico-node would log, whenever that is another word; undefined: nobody says. */
  readonly onLogSeverity?: (severity: NodePlan["logSeverity"]) => void;
  /** Our Node is written by what `identity` says of it; where the datastore can do that. */
  readonly publishesNode?: boolean;
}

/** Follows a datastore for one node. */
export class CalicoSource {
  readonly #options: SourceOptions;
  readonly #store = new ResourceStore();
  readonly #publisher: NodePublisher | undefined;
  readonly #firstSecrets: FirstSecrets;
  #reporter: StatusReporter | undefined;
  #identity: Identity;
  #translation: NodeTranslation;
  #intents = new IntentPlan();
  #onIntent: (intent: Intent) => void = () => undefined;
  #cancelGather: (() => void) | undefined = undefined;
  #isSynced = false;
  #areWorkloadsRead = false;
  /** What the datastore was told that we need. */
  #wanted: Wanted = { services: false, statuses: false, secrets: new Set() };
  #connection: CalicoStatus["datastore"];
  /** What the datastore itself cannot read. */
  #unread: readonly ResourceFault[] = [];
  #faultsLogged: ReadonlySet<string> = new Set();
  /** The resources and the identity of the last plan. */
  #planned: { readonly resources: CalicoResources; readonly identity: Identity } | undefined = undefined;
  #waiting: string | null = "nothing has been read yet";
  #intent: Intent | undefined = undefined;
  #nodePlan: NodePlan | undefined = undefined;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#identity = options.identity;
    this.#translation = new NodeTranslation(options.identity.host);
    this.#connection = this.#connected(false, "not connected yet");
    const { datastore, timers, log } = options;
    this.#firstSecrets = new FirstSecrets(timers, () => this.#gatherSoon());
    if (datastore.want === undefined) this.#firstSecrets.end(); // it has told of all that there are
    const write = datastore.publishNode?.bind(datastore);
    const isPublisher = options.publishesNode === true && write !== undefined;
    this.#publisher = isPublisher ? new NodePublisher({ write, timers, log }) : undefined;
  }

  /** The intent in force; undefined before the first. */
  get intent(): Intent | undefined {
    return this.#intent;
  }

  /** CalicoNodeStatus of our node gets what this answers, where the datastore takes it. To be said before the start. */
  reportBy(report: Report): void {
    const { datastore, timers, wallMilliseconds } = this.#options;
    const write = datastore.writeNodeStatus?.bind(datastore);
    if (write === undefined) return;
    this.#reporter = new StatusReporter({ report, write, timers, wallMilliseconds });
    this.#want({ statuses: true });
  }

  /** The node's part that the intent is made of; undefined before the first. */
  get nodePlan(): NodePlan | undefined {
    return this.#nodePlan;
  }

  /** Starts to follow; `onIntent` gets each intent that differs. */
  start(onIntent: (intent: Intent) => void): void {
    this.#onIntent = onIntent;
    const { datastore, workloads } = this.#options;
    this.#areWorkloadsRead = workloads === undefined;
    datastore.start((event) => this.#hear(event));
    workloads?.start((all) => {
      this.#areWorkloadsRead = true;
      this.#store.setWorkloads(all);
      this.#gatherSoon();
    });
  }

  async stop(): Promise<void> {
    this.#cancelGather?.();
    this.#cancelGather = undefined;
    this.#firstSecrets.end();
    this.#publisher?.stop();
    this.#reporter?.stop();
    const { datastore, workloads } = this.#options;
    await Promise.all([datastore.stop(), workloads?.stop()]);
  }

  /** Another identity from now on; `intent` is by it at once, and `onIntent` is not called. */
  become(identity: Identity): void {
    this.#identity = identity;
    this.#translation = new NodeTranslation(identity.host);
    this.#plan();
  }

  /** How it stands. */
  status(): CalicoStatus {
    return {
      node: this.#identity.host.nodeName,
      datastore: this.#connection,
      waiting: this.#waiting,
      nodes: this.#store.resources.nodes.size,
      sessions: this.#intent?.peers.length ?? 0,
      faults: [...this.#faults(), ...this.#publisher?.faults ?? [], ...this.#reporter?.faults ?? []],
    };
  }

  #hear(event: DatastoreEvent): void {
    this.#firstSecrets.hear(event);
    switch (event.kind) {
      case "snapshot": this.#store.replace(event.kinds, event.resources); break;
      case "put": this.#store.put(event.resources); break;
      case "removed": this.#store.remove(event.resourceKind, event.name); break;
      case "faults": this.#unread = event.faults; break;
      case "synced": this.#isSynced = true; break;
      case "up": return this.#noteConnection(true, null);
      case "down": return this.#noteConnection(false, event.why);
      default: unreachable(event, "CalicoSource");
    }
    this.#want({ services: hasServiceRanges(this.#store.resources, this.#identity.host) });
    this.#gatherSoon();
  }

  #gatherSoon(): void {
    this.#cancelGather ??= this.#options.timers.after(GATHER_MILLISECONDS, () => this.#gathered());
  }

  #want(wanted: Partial<Wanted>): void {
    const all = { ...this.#wanted, ...wanted };
    if (sameValue(all, this.#wanted)) return;
    this.#wanted = all;
    this.#options.datastore.want?.(all);
  }

  #gathered(): void {
    this.#cancelGather = undefined;
    const before = this.#intent;
    this.#plan();
    this.#logFaults();
    if (this.#intent !== undefined && this.#intent !== before) this.#onIntent(this.#intent);
  }

  #plan(): void {
    const { resources } = this.#store;
    const identity = this.#identity;
    const isNew = this.#planned?.resources !== resources || this.#planned?.identity !== identity;
    if (!this.#isSynced || !this.#areWorkloadsRead || !isNew) return;
    this.#planned = { resources, identity };
    const { nodeName, ownNode } = identity.host;
    this.#publisher?.look(ownNode, resources.nodes.get(nodeName));
    this.#reporter?.follow([...resources.statuses.values()].filter(({ node }) => node === nodeName));
    const plan = this.#translation.plan(resources, []);
    const secrets = secretsOf(plan);
    this.#want({ secrets });
    const secret = this.#firstSecrets.missing(secrets);
    if (secret !== undefined) {
      this.#planned = undefined; // that there is no such Secret is an answer, and changes no resource
      this.#waiting = `no answer about Secret ${secret} yet`;
      return;
    }
    const intent = this.#intents.of(plan, identity.settings);
    if (plan.logSeverity !== this.#nodePlan?.logSeverity) this.#options.onLogSeverity?.(plan.logSeverity);
    this.#nodePlan = plan;
    if (typeof intent !== "string") {
      this.#firstSecrets.end();
      this.#intent = intent;
    }
    // A Node that was deleted ends its sessions; anything else that is missing is waited for with what there is.
    if (plan.speaker === undefined && this.#intent !== undefined) this.#intent = withoutSessions(this.#intent);
    const waiting = typeof intent === "string" ? intent : null;
    const isNews = waiting !== null && waiting !== this.#waiting;
    if (isNews) this.#options.log.write("warn", "calico-waits", { why: waiting });
    this.#waiting = waiting;
  }

  #noteConnection(up: boolean, why: string | null): void {
    const { log, kind } = this.#options;
    const before = this.#connection;
    if (up === before.up && why === before.why) return;
    this.#connection = up === before.up ? { ...before, why } : this.#connected(up, why);
    if (why === null) log.write("info", "datastore-up", { kind });
    else log.write("warn", "datastore-down", { kind, why });
  }

  #connected(up: boolean, why: string | null): CalicoStatus["datastore"] {
    const { kind, wallMilliseconds } = this.#options;
    return { kind, up, since: new Date(wallMilliseconds()).toISOString(), why };
  }

  #faults(): readonly ResourceFault[] {
    return [...this.#unread, ...this.#store.faults, ...this.#nodePlan?.collisions ?? []];
  }

  #logFaults(): void {
    const faults = new Map(this.#faults().map((fault) => [JSON.stringify(fault), fault]));
    const added = [...faults].filter(([text]) => !this.#faultsLogged.has(text)).map(([, fault]) => fault);
    this.#faultsLogged = new Set(faults.keys());
    for (const { kind, name, field, why, note } of added.slice(0, FAULTS_LOGGED_MAX)) {
      const event = note === undefined ? "resource-fault" : "resource-note";
      this.#options.log.write("warn", event, { kind, name, field, why });
    }
    const more = added.length - FAULTS_LOGGED_MAX;
    if (more > 0) this.#options.log.write("warn", "resource-faults", { more });
  }
}

/** Names of the Secrets that sessions have their passwords from. */
function secretsOf({ view: { families } }: NodePlan): ReadonlySet<string> {
  const sessions = [...families.ipv4.peers, ...families.ipv6.peers];
  return new Set(sessions.flatMap(({ passwordSecret }) => passwordSecret?.name || []));
}

function withoutSessions(intent: Intent): Intent {
  return { ...intent, peers: [], originated: [] };
}
