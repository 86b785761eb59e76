/**
 * `import` and `export` of a neighbour: rules in the words of Calico's BGPFilter. A rule with a `cidr` concerns the
 * family of that cidr only, as the rules of a BGPFilter are listed per family.
 */

import { FAMILIES } from "../messages/families.ts";
import { given } from "../base/given.ts";
import type { Prefix } from "../base/prefix.ts";
import { PRIORITY_MAX } from "./intent.ts";
import type { FilterOperation, FilterRule, Policy } from "./intent.ts";
import { fault, list, mapped, needed, object, optional } from "./kind.ts";
import type { At, Check, Keys, Kind } from "./kind.ts";
import { anyCommunity, asNumber, oneOf, prefix, text, whole } from "./scalars.ts";

/** `import` or `export` as the file says it; the default is resolved with `resolvePolicy`. */
export interface PolicyFile {
  readonly default: "accept" | "reject" | undefined;
  readonly rules: readonly FilterRule[] | undefined;
}

interface Range { readonly min: number | undefined; readonly max: number | undefined }
interface Values<T> { readonly values: readonly T[] | undefined }
interface OperationFile {
  readonly addCommunity: { readonly value: readonly number[] | undefined } | undefined;
  readonly prependASPath: { readonly prefix: readonly number[] | undefined } | undefined;
  readonly setPriority: { readonly value: number | undefined } | undefined;
}
interface RuleFile {
  readonly cidr: Prefix | undefined;
  readonly matchOperator: "In" | "NotIn" | "Equal" | "NotEqual" | undefined;
  readonly prefixLength: Range | undefined;
  readonly source: "RemotePeers" | undefined;
  readonly interface: string | undefined;
  readonly peerType: "iBGP" | "eBGP" | undefined;
  readonly communities: Values<readonly number[]> | undefined;
  readonly asPathPrefix: readonly number[] | undefined;
  readonly priority: number | undefined;
  readonly action: "Accept" | "Reject" | undefined;
  readonly operations: readonly FilterOperation[] | undefined;
}

const RANGE: Keys<Range> = {
  min: optional(whole(0, 128), "the length of the cidr", "Shortest length that matches"),
  max: optional(whole(0, 128), "32 or 128", "Longest length that matches"),
};
const RANGE_CHECKS: readonly Check<Range>[] = [
  {
    keys: ["min", "max"],
    broken: ({ min, max }) => min !== undefined && max !== undefined && min > max,
    what: "min is above max: no prefix can match", todo: "exchange them",
  },
];
const COMMUNITIES: Keys<Values<readonly number[]>> = {
  values: needed(list(anyCommunity, "communities", 1, 1), "One community that the route must carry"),
};
const OPERATION: Keys<OperationFile> = {
  addCommunity: optional(
    object({ value: needed(anyCommunity, "The community, aa:nn or aa:nn:mm") }), "none", "Adds a community"),
  prependASPath: optional(
    object({ prefix: needed(list(asNumber, "AS numbers", 1, 10), "AS numbers, in the order they will have") }),
    "none", "Puts AS numbers in front of AS_PATH"),
  setPriority: optional(
    object({ value: needed(whole(1, PRIORITY_MAX), "The priority: LOCAL_PREF becomes 2147483647 less it") }),
    "none", "Sets LOCAL_PREF as Calico's priority"),
};

const operation: Kind<FilterOperation> = mapped(object(OPERATION), toOperation);

const RULE: Keys<RuleFile> = {
  cidr: optional(prefix, "any", "Prefix to compare the route with; limits the rule to its family"),
  matchOperator: optional(
    oneOf(["In", "NotIn", "Equal", "NotEqual"]), "needed with cidr",
    "In: the cidr or more specific; Equal: exactly it; NotIn, NotEqual: the opposite"),
  prefixLength: optional(object(RANGE, RANGE_CHECKS), "any", "Bounds on the route's prefix length, with cidr"),
  source: optional(oneOf(["RemotePeers"]), "any", "RemotePeers: the route was learned from BGP"),
  interface: optional(text(15, "an interface pattern"), "any", "Pattern (* and ?) of the outgoing interface"),
  peerType: optional(oneOf(["iBGP", "eBGP"]), "any", "Type of this session"),
  communities: optional(object(COMMUNITIES), "any", "The route carries this community"),
  asPathPrefix: optional(list(asNumber, "AS numbers", 1, 10), "any", "AS_PATH begins with these"),
  priority: optional(whole(1, PRIORITY_MAX), "any", "LOCAL_PREF is 2147483647 less this"),
  action: needed(oneOf(["Accept", "Reject"], true), "Accept or Reject"),
  operations: optional(list(operation, "operations", 1, 10), "none", "What an accepting rule changes, in order"),
};

const RULE_CHECKS: readonly Check<RuleFile>[] = [
  {
    keys: ["cidr", "matchOperator"],
    broken: (rule) => rule.cidr !== undefined && rule.matchOperator === undefined,
    what: "cidr without matchOperator", todo: 'add "matchOperator": "In" or the like',
  },
  {
    keys: ["matchOperator", "cidr"],
    broken: (rule) => rule.cidr === undefined && rule.matchOperator !== undefined,
    what: "matchOperator without cidr", todo: "add the cidr it compares with",
  },
  {
    keys: ["prefixLength", "cidr"],
    broken: (rule) => rule.cidr === undefined && rule.prefixLength !== undefined,
    what: "prefixLength without cidr", todo: 'add "cidr": "0.0.0.0/0" or "::/0" and "matchOperator": "In"',
  },
  {
    keys: ["prefixLength", "cidr"],
    broken: (rule) => longest(rule.prefixLength) > 8 * (rule.cidr?.address.length ?? 16),
    what: "an IPv4 prefix has no more than 32 bits", todo: "use 0 to 32",
  },
  {
    keys: ["operations", "action"],
    broken: (rule) => rule.operations !== undefined && rule.action === "Reject",
    what: "operations of a rule that rejects have no effect", todo: 'remove them, or use "action": "Accept"',
  },
];

const rule: Kind<FilterRule> = mapped(object(RULE, RULE_CHECKS), toRule);

const POLICY: Keys<PolicyFile> = {
  default: optional(
    oneOf(["accept", "reject"]), "reject with rules; without, accept on iBGP and reject on eBGP (RFC 8212)",
    "What happens to a route that no rule matches"),
  rules: optional(
    list(rule, "rules"), "none", "Rules in the words of Calico's BGPFilter; the first that matches decides"),
};

/** The kind of `import` and `export`. */
export const policy: Kind<PolicyFile> = object(POLICY);

/** The policy in force: without rules and default, iBGP accepts and eBGP rejects everything (RFC 8212). */
export function resolvePolicy(file: PolicyFile | undefined, isIbgp: boolean): Policy {
  const rules = file?.rules ?? [];
  const said = file?.default ?? (rules.length > 0 ? "reject" : undefined);
  return { default: said ?? (isIbgp ? "accept" : "reject"), rules, missing: said === undefined && !isIbgp };
}

function toRule(file: RuleFile): FilterRule | undefined {
  const { cidr, communities, action, prefixLength, ...same } = file;
  const family = FAMILIES.find((row) => row.addressOctets === cidr?.address.length)?.name;
  const community = communities?.values?.[0];
  const bounds = prefixLength === undefined ? undefined : given(prefixLength);
  const accept = action === "Accept" ? ("accept" as const) : ("reject" as const);
  return { ...given({ family, cidr, prefixLength: bounds, community, ...same }), action: accept };
}

function toOperation(file: OperationFile, at: At): FilterOperation | undefined {
  const { addCommunity, prependASPath, setPriority } = file;
  const keys = at.node.type === "object" ? at.node.members.length : 0;
  if (keys !== 1) return fault(at, `an operation with ${keys} keys`, "give each operation exactly one");
  if (addCommunity?.value !== undefined) return { do: "addCommunity", community: addCommunity.value };
  if (prependASPath?.prefix !== undefined) return { do: "prependAsPath", asns: prependASPath.prefix };
  return setPriority?.value === undefined ? undefined : { do: "setPriority", priority: setPriority.value };
}

function longest(range: Range | undefined): number {
  return Math.max(range?.min ?? 0, range?.max ?? 0);
}
