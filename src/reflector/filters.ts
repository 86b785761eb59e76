/**
 * BGPFilter rules compiled to functions over stored attributes. Rule: the first rule that matches and does not
 * continue decides, then the default; rules may give the path other attributes, never edit the stored ones.
 */

import type { Prefix } from "../base/prefix.ts";
import { writeU32, EMPTY } from "../base/bytes.ts";
import { addCommunity, asPathStartsWith, hasCommunity, prependAs, setAttribute } from "../messages/attributes/block.ts";
import { ATTRIBUTE, CATEGORY } from "../messages/attributes/codes.ts";
import { LOCAL_PREF_DEFAULT } from "../messages/attributes/summary.ts";
import { PRIORITY_BASE } from "../config/intent.ts";
import type { FilterOperation, FilterRule, Policy } from "../config/intent.ts";
import type { AttributeStore } from "../rib/attribute-store.ts";
import type { AttributesId, PathIndex, PrefixId } from "../rib/ids.ts";
import type { Rib } from "../rib/rib.ts";
import type { Source } from "./source.ts";

/** A path as a filter sees it. */
export interface Filtered {
  readonly store: AttributeStore;
  /** 4 or 16. */
  readonly addressOctets: number;
  /** The prefix as NLRI has it: its length in bits, then its octets. */
  readonly nlri: Uint8Array;
  readonly attributes: AttributesId;
  /** Not a route of our own. */
  readonly learned: boolean;
  /** The session that filters is iBGP. */
  readonly ibgp: boolean;
}

type Criterion = (path: Filtered) => boolean;

interface CompiledRule {
  readonly action: FilterRule["action"];
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
  ({ priorityBelow }) => priorityBelow === undefined ? undefined
    : (path) => localPrefOf(path) > PRIORITY_BASE - priorityBelow,
];

/** What an operation does to a block. A new operation is a row here. */
const OPERATIONS: { readonly [K in FilterOperation["do"]]:
  (block: Uint8Array, operation: Extract<FilterOperation, { do: K }>) => Uint8Array } = {
  addCommunity: (block, operation) => addCommunity(block, operation.community),
  prependAsPath: (block, operation) => prependAs(block, operation.asns),
  setPriority: (block, operation) => {
    const value = new Uint8Array(4);
    writeU32(value, 0, PRIORITY_BASE - operation.priority);
    return setAttribute(block, ATTRIBUTE.LOCAL_PREF, CATEGORY.WELL_KNOWN, value);
  },
};

const NLRI = new Uint8Array(17);
const NO_OPERATIONS: readonly FilterOperation[] = [];

/** A policy ready to run. */
export class CompiledPolicy {
  /** Equal for equal policies: part of the key of an update group. */
  readonly key: string;
  /** Nobody configured a policy, and so everything is rejected (RFC 8212). */
  readonly missing: boolean;
  /** The clause to show where it rejects. */
  readonly why: string;
  /** Takes every route as it is. */
  readonly passesAll: boolean;
  readonly #rules: readonly CompiledRule[];
  readonly #accepts: boolean;
  readonly #ibgp: boolean;

  constructor(policy: Policy, ibgp: boolean) {
    const plain = (_: string, value: unknown): unknown => (value instanceof Uint8Array ? [...value] : value);
    this.key = JSON.stringify([policy, ibgp], plain);
    this.missing = policy.missing;
    this.why = policy.missing ? "RFC 8212 §2" : "configuration";
    this.#rules = policy.rules.map((rule) => ({
      action: rule.action,
      criteria: CRITERIA.map((compile) => compile(rule)).filter((test) => test !== undefined),
      operations: rule.operations ?? NO_OPERATIONS,
    }));
    this.#accepts = policy.default === "accept";
    this.passesAll = this.#accepts && policy.rules.length === 0;
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
    rib.prefixes.writeNlri(prefix, NLRI, 0);
    const { addressOctets } = rib.family;
    const path: Filtered = { store, nlri: NLRI, addressOctets, attributes, learned, ibgp: this.#ibgp };
    return this.#decide(path);
  }

  /** Criteria see the route as it came, whatever rules before the deciding one add to it. */
  #decide(path: Filtered): AttributesId {
    let operations = NO_OPERATIONS;
    let accepts = this.#accepts;
    for (const rule of this.#rules) {
      if (!matches(rule.criteria, path)) continue;
      if (rule.operations.length > 0) operations = [...operations, ...rule.operations];
      if (rule.action === "continue") continue;
      accepts = rule.action === "accept";
      break;
    }
    if (!accepts) return 0 as AttributesId;
    return operations.length === 0 ? path.attributes : operate(path, operations);
  }
}

function matches(criteria: readonly Criterion[], path: Filtered): boolean {
  for (const test of criteria) if (!test(path)) return false;
  return true;
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
  const holds = (path: Filtered): boolean => {
    if (path.addressOctets !== cidr.address.length) return false;
    const length = path.nlri[0]!;
    if (equal) return rule.prefixLength === undefined && length === cidr.length && inside(path.nlri, cidr);
    return length >= min && length <= max && inside(path.nlri, cidr);
  };
  return (path) => holds(path) !== negated;
}

/** The octets of the cidr agree; its length is not above that of the prefix. */
function inside(nlri: Uint8Array, { address, length }: Prefix): boolean {
  const whole = length >>> 3;
  for (let at = 0; at < whole; at++) if (address[at] !== nlri[at + 1]) return false;
  const rest = length & 7;
  return rest === 0 || ((address[whole]! ^ nlri[whole + 1]!) >>> (8 - rest)) === 0;
}

function withBlock(path: Filtered, test: (block: Uint8Array) => boolean): boolean {
  return path.attributes === 0 ? test(EMPTY) : test(path.store.block(path.attributes));
}

function localPrefOf(path: Filtered): number {
  const { store, attributes } = path;
  return store.hasLocalPref(attributes) ? store.localPref(attributes) : LOCAL_PREF_DEFAULT;
}
