/** BGPFilter: calico.md 5. Its rules become those of the configuration, with the family they are listed under. */

import { given } from "../../base/given.ts";
import { formatPrefix } from "../../base/prefix.ts";
import { parseCommunity } from "../../config/scalars.ts";
import { PRIORITY_MAX } from "../../config/intent.ts";
import type { FilterOperation, FilterRule } from "../../config/intent.ts";
import type { BgpFilter } from "./model.ts";
import type { Envelope } from "./envelope.ts";
import { mistakesIn } from "./fields.ts";
import type { Fields } from "./fields.ts";
import { asNumberOf } from "./scalars.ts";

const LIST_MAX = 10;
const INTERFACE_MAX = 15;

/** A BGPFilter; undefined where any of its rules is wrong, because the others mean something else without it. */
export function readBgpFilter({ name, root }: Envelope): BgpFilter | undefined {
  const spec = root.object("spec");
  const before = mistakesIn(root.faults);
  const rules = (direction: "import" | "export"): FilterRule[] => [
    ...spec.objects(`${direction}V4`).map((rule) => readRule(rule, "ipv4-unicast", 4)),
    ...spec.objects(`${direction}V6`).map((rule) => readRule(rule, "ipv6-unicast", 16)),
  ];
  const filter = { name, import: rules("import"), export: rules("export") };
  return mistakesIn(root.faults) === before ? filter : undefined;
}

function readRule(rule: Fields, family: NonNullable<FilterRule["family"]>, octets: 4 | 16): FilterRule {
  const cidr = rule.cidr("cidr");
  if (cidr !== undefined && cidr.address.length !== octets) {
    rule.fault("cidr", `${formatPrefix(cidr)} is of the other family`);
  }
  const operator = rule.text("matchOperator");
  if (rule.has("cidr") !== rule.has("matchOperator")) rule.fault("matchOperator", "goes together with cidr");
  const action = rule.oneOf("action", ["Accept", "Reject"], "Reject");
  if (!rule.has("action")) rule.fault("action", "missing");
  const operations = readOperations(rule, action);
  return given({
    action: action === "Accept" ? "accept" as const : "reject" as const, family, cidr,
    matchOperator: operator === undefined ? undefined
      : rule.oneOf("matchOperator", ["In", "NotIn", "Equal", "NotEqual"], "In"),
    prefixLength: readLengths(rule, octets * 8, cidr !== undefined),
    source: rule.has("source") ? rule.oneOf("source", ["RemotePeers"], "RemotePeers") : undefined,
    interface: readInterface(rule),
    peerType: rule.has("peerType") ? rule.oneOf("peerType", ["iBGP", "eBGP"], "iBGP") : undefined,
    community: readCommunities(rule),
    asPathPrefix: rule.has("asPathPrefix") ? asNumbers(rule, "asPathPrefix") : undefined,
    priority: rule.whole("priority", 1, PRIORITY_MAX),
    operations: operations.length === 0 ? undefined : operations,
  });
}

function readLengths(rule: Fields, bits: number, hasCidr: boolean): FilterRule["prefixLength"] | undefined {
  if (!rule.has("prefixLength")) return undefined;
  if (!hasCidr) return rule.fault("prefixLength", "needs a cidr");
  const operator = rule.raw("matchOperator");
  if (operator === "Equal" || operator === "NotEqual") {
    rule.note("prefixLength", `has ${operator} ${operator === "Equal" ? "never" : "always"} match, as in Calico`);
  }
  const range = rule.object("prefixLength");
  return given({ min: range.whole("min", 0, bits), max: range.whole("max", 0, bits) });
}

function readInterface(rule: Fields): string | undefined {
  const pattern = rule.text("interface");
  if (pattern === undefined || /^[A-Za-z0-9_.*?-]+$/.test(pattern) && pattern.length <= INTERFACE_MAX) return pattern;
  return rule.fault("interface", `"${pattern}" is no pattern of interfaces of up to ${INTERFACE_MAX} characters`);
}

function readCommunities(rule: Fields): readonly number[] | undefined {
  if (!rule.has("communities")) return undefined;
  const values = rule.object("communities").texts("values");
  if (values.length !== 1) return rule.fault("communities.values", "needs exactly one community");
  return communityOf(rule, "communities.values[0]", values[0] ?? "");
}

function communityOf(fields: Fields, key: string, text: string): readonly number[] | undefined {
  return parseCommunity(text) ?? fields.fault(key, `expected a community such as 64512:100, found "${text}"`);
}

function asNumbers(fields: Fields, key: string): readonly number[] {
  const list = fields.list(key);
  if (list.length < 1 || list.length > LIST_MAX) fields.fault(key, `needs 1 to ${LIST_MAX} AS numbers`);
  return list.map((value) => (typeof value === "number" || typeof value === "string" ? asNumberOf(value) : undefined)
    ?? fields.fault(key, "holds something that is no AS number"))
    .filter((value) => value !== undefined);
}

function readOperations(rule: Fields, action: string): readonly FilterOperation[] {
  if (!rule.has("operations")) return [];
  const list = rule.objects("operations");
  if (action !== "Accept") rule.fault("operations", "belong to rules that accept");
  if (list.length < 1 || list.length > LIST_MAX) rule.fault("operations", `needs 1 to ${LIST_MAX} operations`);
  return list.map(readOperation).filter((operation) => operation !== undefined);
}

/** What each operation is called, and what it does. A new one is a row here. */
const OPERATIONS: Readonly<Record<string, (fields: Fields) => FilterOperation | undefined>> = {
  addCommunity: (fields) => {
    const community = communityOf(fields, "value", fields.text("value") ?? "");
    return community === undefined ? undefined : { do: "addCommunity", community };
  },
  prependASPath: (fields) => ({ do: "prependAsPath", asns: asNumbers(fields, "prefix") }),
  setPriority: (fields) => {
    const priority = fields.whole("value", 1, PRIORITY_MAX) ?? fields.fault("value", "missing");
    return priority === undefined ? undefined : { do: "setPriority", priority };
  },
};

function readOperation(operation: Fields): FilterOperation | undefined {
  const keys = Object.keys(OPERATIONS).filter((key) => operation.has(key));
  const [key = "", ...more] = keys;
  if (keys.length === 0 || more.length > 0) {
    return operation.fault("", `needs exactly one of ${Object.keys(OPERATIONS).join(", ")}`);
  }
  return OPERATIONS[key]?.(operation.object(key));
}
