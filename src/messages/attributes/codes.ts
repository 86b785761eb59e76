/** Numbers of path attributes: type codes, flags, well-known communities. Sources: IANA BGP registries. */

/** Type codes of the attributes that we know. */
export const ATTRIBUTE = {
  ORIGIN: 1, AS_PATH: 2, NEXT_HOP: 3, MED: 4, LOCAL_PREF: 5, ATOMIC_AGGREGATE: 6, AGGREGATOR: 7, COMMUNITIES: 8,
  ORIGINATOR_ID: 9, CLUSTER_LIST: 10, MP_REACH_NLRI: 14, MP_UNREACH_NLRI: 15, EXTENDED_COMMUNITIES: 16, AS4_PATH: 17,
  AS4_AGGREGATOR: 18, IPV6_EXTENDED_COMMUNITIES: 25, AIGP: 26, LARGE_COMMUNITIES: 32, OTC: 35,
} as const;

/** Attribute flags (RFC 4271 §4.3). */
export const FLAG = { OPTIONAL: 0x80, TRANSITIVE: 0x40, PARTIAL: 0x20, EXTENDED_LENGTH: 0x10 } as const;

/** Optional and Transitive as each category of attribute must have them. */
export const CATEGORY = { WELL_KNOWN: 0x40, OPTIONAL_TRANSITIVE: 0xc0, OPTIONAL_NON_TRANSITIVE: 0x80 } as const;

/** The 2-octet stand-in for a larger AS number (RFC 6793 §9). */
export const AS_TRANS = 23456;

/** Segment types of AS_PATH (RFC 4271 §4.3, RFC 5065 §3). */
export const SEGMENT = { SET: 1, SEQUENCE: 2, CONFED_SEQUENCE: 3, CONFED_SET: 4 } as const;

/** Communities with a meaning of their own, as unsigned 32-bit numbers. */
export const COMMUNITY = {
  /** RFC 8326. */
  GRACEFUL_SHUTDOWN: 0xffff0000,
  /** RFC 7611. */
  ACCEPT_OWN: 0xffff0001,
  /** RFC 9494. */
  LLGR_STALE: 0xffff0006,
  /** RFC 9494. */
  NO_LLGR: 0xffff0007,
  /** RFC 7999. */
  BLACKHOLE: 0xffff029a,
  /** RFC 1997. */
  NO_EXPORT: 0xffffff01,
  /** RFC 1997. */
  NO_ADVERTISE: 0xffffff02,
  /** RFC 1997. */
  NO_EXPORT_SUBCONFED: 0xffffff03,
  /** RFC 3765. */
  NO_PEER: 0xffffff04,
} as const;
