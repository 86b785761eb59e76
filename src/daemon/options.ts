/** What a daemon is started with, and what it is once it runs. */

import type { Configuration } from "../config/reader.ts";
import type { Intent, ListenAddress } from "../config/intent.ts";
import type { Settings } from "../config/settings.ts";
import type { ListenerEnvironment } from "../transport/listener.ts";
import type { Connection } from "../transport/ports.ts";
import type { DaemonApi } from "./api.ts";
import type { IntentSource } from "./follower.ts";
import type { KernelHost } from "./kernel/means.ts";
import type { OpenListener } from "./listeners.ts";
import type { SpeakerEnvironment } from "./speaker.ts";

/** What a daemon is started with. */
export interface DaemonOptions {
  readonly environment: SpeakerEnvironment;
  readonly intent: Intent;
  readonly settings: Settings;
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  /** Reads the configuration again, for a reload; absent where there is no file. */
  readConfiguration?(): Promise<Configuration>;
  /** Where intents come from in Calico mode; `intent` is then that of a speaker without neighbours. */
  readonly source?: IntentSource;
  /** Opens a listener; absent: of this host. Connections go to `onConnection`. */
  openListener?(where: ListenAddress, onConnection: (connection: Connection) => void): ReturnType<OpenListener>;
  /** Who opens this host's listeners; absent: plain node:net. */
  readonly sockets?: Pick<ListenerEnvironment, "provider" | "inherited">;
  /** The kernel of this host, where its routes are wanted; absent: they are not, whatever the settings say. */
  readonly kernel?: KernelHost;
  /** Who listens on a port that is taken, where that can be known. */
  portOwner?(port: number): string | undefined;
  /** Opens control surfaces before any session starts; one line where the daemon must not start without them. */
  openSurfaces?(api: DaemonApi): Promise<string | undefined>;
}

/** A running daemon. */
export interface RunningDaemon {
  readonly api: DaemonApi;
  readonly listening: readonly ListenAddress[];
  /** Ends every session and closes everything: to come back unless `onStop` says otherwise. */
  stop(text: string): Promise<void>;
  /** Resolves when the daemon has stopped, whoever asked; `startAgain`: the command `restart` did. */
  readonly finished: Promise<{ readonly startAgain: boolean }>;
}
