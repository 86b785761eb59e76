/**
 * What decides the bytes a peer is told: the key of its update group. Rule: two peers with equal targets are sent the
 * same messages; everything that can change a message is a field here.
 */

import { toHex } from "../base/bytes.ts";
import type { AttributeStore } from "../rib/attribute-store.ts";
import type { AttributesId } from "../rib/ids.ts";
import type { FamilyRow } from "../messages/families.ts";
import type { RoleName } from "../config/intent.ts";
import type { CompiledPolicy } from "./filters.ts";
import type { PeerKind } from "./reflection.ts";
import type { Source } from "./source.ts";

/** The fields of a target. */
export interface TargetFields {
  readonly family: FamilyRow;
  readonly kind: PeerKind;
  readonly localAsNumber: number;
  /** The cluster id of a client's session; 0 for others. */
  readonly clusterId: number;
  readonly nextHop: "auto" | "self" | "keep";
  /** Our address of this session where NEXT_HOP may be written with it; empty where it never is. */
  readonly selfAddress: Uint8Array;
  readonly role: RoleName | undefined;
  readonly policy: CompiledPolicy;
  /** Paths of a prefix told with ADD-PATH; 0 without ADD-PATH, Infinity for all. */
  readonly addPathMax: number;
  readonly fourOctetAs: boolean;
  /** 4096, or 65535 with RFC 8654. */
  readonly messageOctetsMax: number;
  /** IPv4 routes may carry an IPv6 next hop (RFC 8950). */
  readonly extendedNextHop: boolean;
  /**
   * Routes with LLGR_STALE, where we speak long-lived graceful restart and the peer does not: they stay away (RFC 9494
   * §4.3), or go with LOCAL_PREF 0 and NO_EXPORT (§4.6). "passed" unless told.
   */
  readonly longLived?: "passed" | "kept back" | "depreferenced";
}

/** A target: its fields, its key, and what follows from them alone. */
export class ExportTarget {
  readonly fields: TargetFields;
  readonly kind: PeerKind;
  readonly localAsNumber: number;
  readonly role: RoleName | undefined;
  /** Equal for peers that are told the same bytes. */
  readonly key: string;
  /** Equal where a path that both are told is told in the same bytes: all of the key but what selects paths. */
  readonly writingKey: string;

  constructor(fields: TargetFields) {
    this.fields = fields;
    this.kind = fields.kind;
    this.localAsNumber = fields.localAsNumber;
    this.role = fields.role;
    const described = describeTarget(fields);
    this.key = JSON.stringify(described);
    this.writingKey = JSON.stringify({ ...described, exportPolicy: "", addPathMax: fields.addPathMax > 0 });
  }

  /** Whether the next hop that a path has goes out as it is. */
  keepsNextHop(store: AttributeStore, attributes: AttributesId, source: Source): boolean {
    const { nextHop } = this.fields;
    const self = nextHop === "self" || (nextHop === "auto" && this.kind === "ebgp" && !source.own);
    return !self && store.nextHopOctets(attributes) !== 0;
  }

  /** The next hop to write for a path: 4, 16 or 32 octets; empty where there is none to write. */
  nextHopFor(store: AttributeStore, attributes: AttributesId, source: Source): Uint8Array {
    return this.keepsNextHop(store, attributes, source) ? store.nextHop(attributes) : this.fields.selfAddress;
  }

  /** Octets of the next hop to write for a path. */
  nextHopOctetsFor(store: AttributeStore, attributes: AttributesId, source: Source): number {
    const kept = this.keepsNextHop(store, attributes, source);
    return kept ? store.nextHopOctets(attributes) : this.fields.selfAddress.length;
  }

  /** Whether the session can carry the next hop that would be written. */
  canCarryNextHop(store: AttributeStore, attributes: AttributesId, source: Source): boolean {
    const { family, extendedNextHop } = this.fields;
    const octets = this.nextHopOctetsFor(store, attributes, source);
    if (family.addressOctets === 16) return octets === 16 || octets === 32;
    return octets === 4 || (octets !== 0 && extendedNextHop);
  }
}

/** The fields as plain JSON: the group's key, and what `show groups` prints. */
export function describeTarget(fields: TargetFields): Record<string, unknown> {
  return {
    family: fields.family.name,
    kind: fields.kind,
    localAsNumber: fields.localAsNumber,
    clusterId: fields.clusterId,
    nextHop: fields.nextHop,
    selfAddress: toHex(fields.selfAddress),
    role: fields.role ?? null,
    exportPolicy: fields.policy.key,
    addPathMax: fields.addPathMax === Infinity ? "all" : fields.addPathMax,
    fourOctetAs: fields.fourOctetAs,
    messageOctetsMax: fields.messageOctetsMax,
    extendedNextHop: fields.extendedNextHop,
    longLived: fields.longLived ?? "passed",
  };
}
