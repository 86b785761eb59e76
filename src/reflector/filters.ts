/**
 * BGPFilter rules compiled to functions over stored attributes. Rule: the first rule that
 * matches decides, then the default; an accepting rule may give the path other attributes, never edit the stored ones.
 */

import { covers } from "../base/prefix.ts";
import type { Prefix } from "../base/prefix.ts";
import { writeU32, EMPTY } from "../base/bytes.ts";
import { addCommunity, asPathStartsWith, hasCommunity, prependAs, setAttribute } from "../messages/attributes/block.ts";
import type { FilterOperation, FilterRule, Policy } from "../config/intent.ts";
import type { AttributeStore } from "../rib/attribute-store.ts";
import type { AttributesId, PathIndex, PrefixId } from "../rib/ids.ts";
import type { PrefixTable } from "../rib/prefix-table.ts";
import type { Rib } from "../rib/rib.ts";
import type { Source } from "./source.ts";

/** LOCAL_PREF of Calico's priority P is this minus P. */
const PRIORITY_BASE = 2_147_483_647;
const LOCAL_PREF = 5;
const LOCAL_PREF_DEFAULT = 100;
const TRANSITIVE = 0x40;

/** A path as a filter sees it. */
export interface Filtered {
  readonly store: AttributeStore;
  readonly prefixes: PrefixTable;
  readonly prefix: PrefixId;
  /** 4 or 16. */
  readonly addressOctets: number;
  readonly attributes: AttributesId;
  /** Not a route of our own. */
  readonly learned: boolean;
  /** The session that filters is iBGP. */
  readonly ibgp: boolean;
}

type Criterion = (path: Filtered) => boolean;

interface CompiledRule {
  readonly accepts: boolean;
  readonly criteria: readonly Criterion[];
  readonly operations: readonly FilterOperation[];
}

/** One criterion of a rule: compiled where the rule has it. A new criterion is a row here. */
const CRITERIA: readonly ((rule: FilterRule) => Criterion | undefined)[] = [
  (rule) => rule.family === undefined ? undefined
    : (path) => (path.addressOctets === 4) === (rule.family === "ipv4-unicast"),
  (rule) => rule.cidr === undefined ? undefined : cidrCriterion(rule, rule.cidr),
  (rule) => rule.source === undefined ? undefined : (path) => path.learned,
  // No route has an outgoing interface while the kernel is off, so nothing matches.
  (rule) => rule.interface === undefined ? undefined : () => false,
  (rule) => rule.peerType === undefined ? undefined : (path) => path.ibgp === (rule.peerType === "iBGP"),
  ({ community }) => community === undefined ? undefined
    : (path) => withBlock(path, (block) => hasCommunity(block, 0, block.length, community)),
  ({ asPathPrefix }) => asPathPrefix === undefined ? undefined
    : (path) => withBlock(path, (block) => asPathStartsWith(block, 0, block.length, asPathPrefix)),
  ({ priority }) => priority === undefined ? undefined
    : (path) => localPrefOf(path) === PRIORITY_BASE - priority,
];

/** What an operation does to a block. A new operation is a row here. */
const OPERATIONS: { readonly [K in FilterOperation["do"]]:
  (block: Uint8Array, operation: Extract<FilterOperation, { do: K }>) => Uint8Array } = {
  addCommunity: (block, operation) => addCommunity(block, operation.community),
  prependAsPath: (block, operation) => prependAs(block, operation.asns),
  setPriority: (block, operation) => {
    const value = new Uint8Array(4);
    writeU32(value, 0, PRIORITY_BASE - operation.priority);
    return setAttribute(block, LOCAL_PREF, TRANSITIVE, value);
  },
};

/** A policy ready to run. */
export class CompiledPolicy {
  /** Equal for equal policies: part of the key of an update group. */
  readonly key: string;
  /** Nobody configured a policy, and so everything is rejected (RFC 8212). */
  readonly missing: boolean;
  /** The clause to show where it rejects. */
  readonly why: string;
  readonly #rules: readonly CompiledRule[];
  readonly #accepts: boolean;
  readonly #ibgp: boolean;

  constructor(policy: Policy, ibgp: boolean) {
    const plain = (_: string, value: unknown): unknown => (value instanceof Uint8Array ? [...value] : value);
    this.key = JSON.stringify([policy, ibgp], plain);
    this.missing = policy.missing;
    this.why = policy.missing ? "RFC 8212 §2" : "configuration";
    this.#rules = policy.rules.map((rule) => ({
      accepts: rule.action === "accept",
      criteria: CRITERIA.map((compile) => compile(rule)).filter((test) => test !== undefined),
      operations: rule.operations ?? [],
    }));
    this.#accepts = policy.default === "accept";
    this.#ibgp = ibgp;
  }

  /** Export: the attributes to tell (the caller retains them), or 0 where the path is rejected. */
  apply(store: AttributeStore, rib: Rib, path: PathIndex, source: Source): AttributesId {
    const attributes = rib.attributesOf(path);
    return this.filter(store, rib, rib.prefixOf(path), attributes, !source.own);
  }

  /** The attributes after the policy (the caller retains them), or 0 where the path is rejected. */
  filter(store: AttributeStore, rib: Rib, prefix: PrefixId, attributes: AttributesId, learned: boolean): AttributesId {
    if (this.#rules.length === 0) return this.#accepts ? attributes : (0 as AttributesId);
    const { prefixes } = rib;
    const { addressOctets } = rib.family;
    const path: Filtered = { store, prefixes, prefix, addressOctets, attributes, learned, ibgp: this.#ibgp };
    const rule = this.#rules.find(({ criteria }) => criteria.every((test) => test(path)));
    if (!(rule?.accepts ?? this.#accepts)) return 0 as AttributesId;
    return rule === undefined || rule.operations.length === 0 ? attributes : operate(path, rule.operations);
  }
}

const COMPILED = { ibgp: new WeakMap<Policy, CompiledPolicy>(), ebgp: new WeakMap<Policy, CompiledPolicy>() };

/** A policy compiled; once for all sessions that have it. */
export function compiledPolicy(policy: Policy, ibgp: boolean): CompiledPolicy {
  const known = COMPILED[ibgp ? "ibgp" : "ebgp"];
  const compiled = known.get(policy) ?? new CompiledPolicy(policy, ibgp);
  known.set(policy, compiled);
  return compiled;
}

function operate(path: Filtered, operations: readonly FilterOperation[]): AttributesId {
  let block = path.store.block(path.attributes);
  for (const operation of operations) block = operateOnce(block, operation);
  return path.store.intern(block, 0, block.length, path.store.nextHop(path.attributes));
}

function operateOnce<K extends FilterOperation["do"]>(
  block: Uint8Array, operation: Extract<FilterOperation, { do: K }>,
): Uint8Array {
  return OPERATIONS[operation.do as K](block, operation);
}

/** In and Equal, their negations, and prefixLength (with Equal it never matches, as in Calico). */
function cidrCriterion(rule: FilterRule, cidr: Prefix): Criterion {
  const bits = cidr.address.length * 8;
  const operator = rule.matchOperator ?? "In";
  const negated = operator === "NotIn" || operator === "NotEqual";
  const equal = operator === "Equal" || operator === "NotEqual";
  const min = Math.max(cidr.length, rule.prefixLength?.min ?? 0);
  const max = Math.min(bits, rule.prefixLength?.max ?? bits);
  const matches = (path: Filtered): boolean => {
    if (path.addressOctets !== cidr.address.length) return false;
    const length = path.prefixes.lengthOf(path.prefix);
    if (equal) return rule.prefixLength === undefined && length === cidr.length && inside(path, cidr);
    return length >= min && length <= max && inside(path, cidr);
  };
  return (path) => matches(path) !== negated;
}

const NLRI = new Uint8Array(17);

function inside(path: Filtered, cidr: Prefix): boolean {
  path.prefixes.writeNlri(path.prefix, NLRI, 0);
  const length = NLRI[0]!;
  const octets = (length + 7) >>> 3;
  const address = new Uint8Array(cidr.address.length);
  address.set(NLRI.subarray(1, 1 + octets));
  return covers(cidr, { address, length });
}

function withBlock(path: Filtered, test: (block: Uint8Array) => boolean): boolean {
  return path.attributes === 0 ? test(EMPTY) : test(path.store.block(path.attributes));
}

function localPrefOf(path: Filtered): number {
  const { store, attributes } = path;
  return store.hasLocalPref(attributes) ? store.localPref(attributes) : LOCAL_PREF_DEFAULT;
}
