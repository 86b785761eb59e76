/**
 * Calico mode, as the daemon sees it: intents come by themselves, and are applied as a reload is. Rule: what a source
 * asks for happens as far as it can; a listener that cannot be had is tried again, and the rest goes on. But nothing
 * begins while another program has our port: it is the Calico node of this host to all our peers, and two of them that
 * dial end each other's sessions for ever.
 */

import type { NodePlan } from "../calico/translate/node.ts";
import type { CalicoStatus } from "../calico/translate/view.ts";
import type { Intent, ListenAddress } from "../config/intent.ts";
import type { CalicoSettings, Settings } from "../config/settings.ts";
import type { ReloadResult } from "./api.ts";
import type { ListenRefusal } from "./listeners.ts";
import type { Log } from "./log.ts";

/** Where intents come from in place of the configuration file. */
export interface IntentSource {
  /** What is wanted now; undefined while nobody knows. */
  readonly intent: Intent | undefined;
  /** The node's part in its cluster that the intent is made of: what the kernel's routes go by. */
  readonly nodePlan?: NodePlan | undefined;
  /** The settings in force. */
  readonly settings: CalicoSettings;
  /** Starts to follow; calls when `intent` is another one. */
  start(onIntent: () => void): void;
  stop(): Promise<void>;
  /** Another configuration: `intent` is by it at once. Answers the keys that it will follow after a restart only. */
  reconfigure(settings: Settings): readonly string[];
  status(): CalicoStatus;
}

/** What a follower needs of the daemon: to listen, to apply, and to say how that went. */
export interface FollowerMeans {
  readonly log: Log;
  wallMilliseconds(): number;
  /** The daemon is about to leave: nothing is followed any more. */
  isLeaving(): boolean;
  /** Runs after what is under way; what it throws ends the process. */
  inTurn(run: () => Promise<void>): void;
  later(seconds: number, run: () => void): () => void;
  /** Makes the listeners these as far as they can be had. */
  listen(wanted: readonly ListenAddress[]): Promise<ListenRefusal | undefined>;
  /** Where connections are accepted now, in words. */
  listening(): string;
  apply(intent: Intent, plan: NodePlan | undefined): ReloadResult;
}

const RETRY_SECONDS = 5;
const UNCHANGED: ReloadResult = { added: [], removed: [], reset: [], refreshed: [], untouched: [] };

/** Follows a source. */
export class Follower {
  readonly #source: IntentSource;
  readonly #means: FollowerMeans;
  #isAwaited = false;
  /** Why the listeners are not as they should be. */
  #deaf: string | undefined = undefined;
  #retry: (() => void) | undefined = undefined;
  /** Where it last said that it listens. */
  #listening = "";
  /** When the first intent was applied, in milliseconds since 1970. */
  followedAt: number | undefined = undefined;

  constructor(source: IntentSource, means: FollowerMeans) {
    this.#source = source;
    this.#means = means;
  }

  get settings(): CalicoSettings {
    return this.#source.settings;
  }

  start(): void {
    this.#source.start(() => this.#changed());
  }

  async stop(): Promise<void> {
    this.#retry?.();
    await this.#source.stop();
  }

  status(): CalicoStatus {
    const status = this.#source.status();
    if (this.followedAt !== undefined || this.#deaf === undefined) return status;
    return { ...status, sessions: 0, waiting: this.#deaf };
  }

  /** What has to happen until the daemon can be ready. */
  waitingFor(): string[] {
    if (this.#deaf !== undefined) return [this.#deaf];
    if (this.followedAt !== undefined) return [];
    const { waiting, datastore } = this.#source.status();
    return [`the ${datastore.kind} datastore (${datastore.why ?? waiting ?? ""})`];
  }

  /** The configuration was read again. */
  async reload(settings: Settings): Promise<ReloadResult> {
    const needsRestart = this.#source.reconfigure(settings);
    return { ...await this.#follow(), needsRestart };
  }

  /** The newest intent counts when its turn comes, however many there were until then. */
  #changed(): void {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    this.#means.inTurn(async () => {
      this.#isAwaited = false;
      const { added, removed, reset, refreshed, untouched } = await this.#follow();
      if (added.length + removed.length + reset.length + refreshed.length === 0) return;
      this.#means.log.write("info", "resources-applied", { added: added.length, removed: removed.length,
        reset: reset.length, refreshed: refreshed.length, untouched: untouched.length });
    });
  }

  async #follow(): Promise<ReloadResult> {
    const { intent } = this.#source;
    if (intent === undefined || this.#means.isLeaving()) return UNCHANGED;
    const refused = await this.#means.listen(intent.speaker.listen);
    this.#noteDeaf(refused?.why);
    this.#noteListening(this.#means.listening());
    const isHeld = this.followedAt === undefined && refused?.isTaken === true;
    if (isHeld || this.#means.isLeaving()) return UNCHANGED;
    this.followedAt ??= this.#means.wallMilliseconds();
    return this.#means.apply(intent, this.#source.nodePlan);
  }

  /** The daemon started before anybody knew where to listen. */
  #noteListening(where: string): void {
    if (where === this.#listening) return;
    this.#listening = where;
    this.#means.log.write("info", "listening", { listening: where });
  }

  #noteDeaf(why: string | undefined): void {
    this.#retry?.();
    this.#retry = undefined;
    if (why !== undefined && why !== this.#deaf) this.#means.log.write("error", "listener", { why });
    this.#deaf = why;
    if (why !== undefined && !this.#means.isLeaving()) {
      this.#retry = this.#means.later(RETRY_SECONDS, () => this.#changed());
    }
  }
}
