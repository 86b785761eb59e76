/** What every daemon of the lab can do and say, in one shape whatever its own words are. */

import type { LabNode } from "./lab.ts";

/** A route to originate. */
export interface Announcement {
  readonly prefix: string;
  readonly localPref?: number;
  readonly med?: number;
  /** Each `asn:value`. */
  readonly communities?: readonly string[];
  /** Each `asn:value:value`. */
  readonly largeCommunities?: readonly string[];
}

/** One path that a daemon learned by BGP, as its own command line shows it. Own routes are not listed. */
export interface InteropRoute {
  readonly prefix: string;
  readonly nextHop: string;
  readonly localPref: number | undefined;
  readonly med: number | undefined;
  readonly communities: readonly string[];
  readonly largeCommunities: readonly string[];
  readonly originatorId: string | undefined;
  readonly clusterList: readonly string[];
  readonly asPath: readonly number[];
  readonly best: boolean;
  /** The peer it came from, where the daemon says so. */
  readonly from: string | undefined;
}

/** One configured session. */
export interface InteropSession {
  readonly address: string;
  readonly established: boolean;
}

/** A running daemon. */
export interface Router {
  readonly name: string;
  readonly node: LabNode;
  /** Its BGP Identifier. */
  readonly routerId: string;
  routes(): Promise<InteropRoute[]>;
  sessions(): Promise<InteropSession[]>;
  /** Adds or changes own routes, by the daemon's own means. */
  announce(...routes: Announcement[]): Promise<void>;
  withdraw(...prefixes: string[]): Promise<void>;
  /** As an operator would stop it. */
  stop(): Promise<void>;
  /** As a crash would. */
  kill9(): Promise<void>;
  /** SIGSTOP: silent, its TCP connections open. */
  freeze(): void;
  thaw(): void;
}

/** AS of every lab that does not say otherwise (Calico's default). */
export const LAB_AS = 64512;
/** Short enough to be waited for, long enough for a busy machine. */
export const LAB_HOLD_SECONDS = 9;

/** "ipv4" or "ipv6", by the look of an address or prefix. */
export function familyOf(text: string): "ipv4" | "ipv6" { return text.includes(":") ? "ipv6" : "ipv4"; }

/** The communities of a text such as "(64512,100) (1, 2, 3)", as "64512:100", "1:2:3". */
export function tuples(text: string): string[] {
  return [...text.matchAll(/\(([^)]*)\)/g)].map((match) => (match[1] ?? "").replaceAll(/\s/g, "").replaceAll(",", ":"));
}
