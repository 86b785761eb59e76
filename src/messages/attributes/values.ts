/** Path attributes as people and JSON see them. An attribute that is absent is an absent key. */

/** The attributes of a route. Keys are those of `show routes -o json`. */
export interface RouteAttributes {
  /** Canonical text; the global address where there are two. */
  readonly nextHop?: string;
  readonly origin?: OriginName;
  readonly asPath?: readonly AsPathSegment[];
  readonly med?: number;
  readonly localPref?: number;
  /** Present means true. */
  readonly atomicAggregate?: true;
  readonly aggregator?: { readonly asn: number; readonly address: string };
  readonly originatorId?: string;
  readonly clusterList?: readonly string[];
  /** "64512:100". */
  readonly communities?: readonly string[];
  readonly extendedCommunities?: readonly ExtendedCommunity[];
  readonly ipv6ExtendedCommunities?: readonly ExtendedCommunity[];
  /** "64512:1:2". */
  readonly largeCommunities?: readonly string[];
  /** Accumulated IGP metric in decimal: 64 bits do not fit a JSON number (RFC 7311). */
  readonly aigp?: string;
  /** Only to Customer: an AS number (RFC 9234). */
  readonly otc?: number;
  readonly unknownAttributes?: readonly UnknownAttribute[];
}

/** ORIGIN by its number (RFC 4271 §4.3). */
export const ORIGINS = ["igp", "egp", "incomplete"] as const;
/** One of ORIGINS. */
export type OriginName = (typeof ORIGINS)[number];

/** One segment of an AS_PATH. */
export interface AsPathSegment {
  readonly type: "set" | "sequence" | "confed-sequence" | "confed-set";
  readonly asns: readonly number[];
}

/** An extended community: its octets, and what they say where the type is known. */
export interface ExtendedCommunity {
  readonly hex: string;
  readonly text: string;
}

/** An attribute without a row of its own. */
export interface UnknownAttribute {
  readonly type: number;
  readonly flags: number;
  readonly hex: string;
}
