/**
 * What every peer should have been told, worked out for each peer alone from the RFCs: maps, lists and texts, no
 * groups, no ids, no sharing. It is the oracle of src/reflector.
 */

/** Path attributes as one would write them down. Communities are unsigned 32-bit numbers. */
export interface NaiveAttributes {
  readonly origin: 0 | 1 | 2;
  /** One AS_SEQUENCE. */
  readonly asPath: readonly number[];
  /** Text of an address; empty for a route of our own without one. */
  readonly nextHop: string;
  readonly med?: number;
  readonly localPref?: number;
  readonly communities?: readonly number[];
  readonly originatorId?: number;
  readonly clusterList?: readonly number[];
  readonly aigp?: number;
  readonly otc?: number;
  /** An optional transitive attribute that nobody knows: its value as hex. */
  readonly unknown?: string;
  /** It fits into no message of 4096 octets. */
  readonly huge?: boolean;
}

/** A filter rule of the few shapes that the model knows. */
export interface NaiveRule {
  readonly action: "accept" | "reject";
  /** Text of a prefix: matches it exactly. */
  readonly prefix?: string;
  readonly community?: number;
  readonly addCommunity?: number;
  readonly prepend?: readonly number[];
  readonly priority?: number;
}

/** Rules in order, then the default. */
export interface NaivePolicy {
  readonly rules: readonly NaiveRule[];
  readonly default: "accept" | "reject";
}

/** A peer as the model sees it; what the session negotiated is part of it. */
export interface NaivePeer {
  readonly name: string;
  readonly own?: boolean;
  kind: "ebgp" | "client" | "nonClient";
  asn: number;
  localAs: number;
  /** BGP Identifier. */
  routerId: number;
  clusterId: number;
  /** IPv4 text. */
  address: string;
  role?: "provider" | "customer" | "peer" | "rs" | "rs-client";
  imports: NaivePolicy;
  exports: NaivePolicy;
  nextHop: "auto" | "self" | "keep";
  /** Our address of the session for each family, or empty. */
  self: Readonly<Record<string, string>>;
  addPathMax: number;
  extendedNextHop: boolean;
  messageOctetsMax: number;
}

/** What a peer announced. */
export interface NaivePath {
  readonly family: string;
  readonly prefix: string;
  readonly peer: NaivePeer;
  readonly receivedId: number;
  readonly attributes: NaiveAttributes;
  stale: boolean;
}

const MAX = 2147483647;
const NO_EXPORT = 0xffffff01;
const NO_ADVERTISE = 0xffffff02;
const NO_EXPORT_SUBCONFED = 0xffffff03;
const GRACEFUL_SHUTDOWN = 0xffff0000;

/** All that was announced, and what follows from it. */
export class NaiveExporter {
  readonly paths: Map<string, NaivePath> = new Map();
  readonly routerId: number;
  readonly clusterIds: readonly number[];
  readonly #ours: readonly string[];

  constructor(routerId: number, clusterIds: readonly number[], ours: readonly string[]) {
    this.routerId = routerId;
    this.clusterIds = clusterIds;
    this.#ours = ours;
  }

  announce(peer: NaivePeer, family: string, prefix: string, receivedId: number, attributes: NaiveAttributes): void {
    const key = `${peer.name} ${family} ${prefix} ${receivedId}`;
    // RFC 4271 §6.3: an external path that does not start with the peer's AS is as good as withdrawn.
    const checked = peer.kind === "ebgp" && peer.own !== true && peer.role !== "rs-client";
    if (checked && attributes.asPath[0] !== peer.asn) this.paths.delete(key);
    else this.paths.set(key, { family, prefix, peer, receivedId, attributes, stale: false });
  }

  withdraw(peer: NaivePeer, family: string, prefix: string, receivedId: number): void {
    this.paths.delete(`${peer.name} ${family} ${prefix} ${receivedId}`);
  }

  drop(peer: NaivePeer): void {
    for (const [key, path] of this.paths) if (path.peer === peer) this.paths.delete(key);
  }

  markStale(peer: NaivePeer, family: string): void {
    for (const path of this.paths.values()) if (path.peer === peer && path.family === family) path.stale = true;
  }

  sweep(peer: NaivePeer, family: string): void {
    for (const [key, path] of this.paths) {
      if (path.peer === peer && path.family === family && path.stale) this.paths.delete(key);
    }
  }

  /** What a peer holds of a family: "prefix", or "prefix source receivedId" with ADD-PATH, to what it was told. */
  table(to: NaivePeer, family: string): Map<string, Record<string, unknown>> {
    const table = new Map<string, Record<string, unknown>>();
    for (const prefix of new Set([...this.paths.values()].filter((p) => p.family === family).map((p) => p.prefix))) {
      const ranked = rank([...this.paths.values()].filter((p) => p.family === family && p.prefix === prefix)
        .map((path) => this.#usable(path)).filter((path) => path !== undefined));
      const told = to.addPathMax === 0 ? ranked.slice(0, 1) : ranked;
      const sent = told.map((path) => ({ path, told: exported(path, to, family) })).filter(({ told: t }) =>
        t !== undefined)
        .slice(0, to.addPathMax === 0 ? 1 : to.addPathMax);
      for (const { path, told: attributes } of sent) {
        if (path.peer === to || attributes!["originator"] === to.routerId) continue;
        const key = to.addPathMax === 0 ? prefix : `${prefix} ${path.peer.name} ${path.receivedId}`;
        const { originator, ...wire } = attributes!;
        table.set(key, wire);
      }
    }
    return table;
  }

  /** The best usable path of a prefix. */
  best(family: string, prefix: string): NaivePath | undefined {
    return rank([...this.paths.values()].filter((p) => p.family === family && p.prefix === prefix)
      .map((path) => this.#usable(path)).filter((path) => path !== undefined))[0];
  }

  /** The path after everything that happens on the way in; undefined where it cannot be used. */
  #usable(path: NaivePath): Usable | undefined {
    const { peer } = path;
    if (peer.own === true) return { ...path, reflected: true };
    let a = path.attributes;
    if (peer.kind === "ebgp") {
      const { localPref, originatorId, clusterList, aigp, ...kept } = a;
      a = kept;
    }
    if (a.asPath.includes(peer.localAs)) return undefined;
    if (a.originatorId === this.routerId) return undefined;
    const cluster = (a.clusterList ?? []).some((id) => this.clusterIds.includes(id));
    if (cluster && peer.kind === "client") return undefined;
    if (this.#ours.includes(a.nextHop)) return undefined;
    if (peer.kind === "ebgp") {
      if (a.otc !== undefined && (peer.role === "provider" || peer.role === "rs")) return undefined;
      if (a.otc !== undefined && peer.role === "peer" && a.otc !== peer.asn) return undefined;
      const marks = peer.role === "customer" || peer.role === "peer" || peer.role === "rs-client";
      if (a.otc === undefined && marks) a = { ...a, otc: peer.asn };
      if ((a.communities ?? []).includes(GRACEFUL_SHUTDOWN)) a = { ...a, localPref: 0 };
    }
    const after = filter(peer.imports, path.prefix, a);
    return after === undefined ? undefined : { ...path, attributes: after, reflected: !cluster };
  }
}

interface Usable extends NaivePath {
  /** Carries none of our cluster ids. */
  readonly reflected: boolean;
}

function filter(policy: NaivePolicy, prefix: string, attributes: NaiveAttributes): NaiveAttributes | undefined {
  for (const rule of policy.rules) {
    if (rule.prefix !== undefined && rule.prefix !== prefix) continue;
    if (rule.community !== undefined && !(attributes.communities ?? []).includes(rule.community)) continue;
    if (rule.action === "reject") return undefined;
    let out = attributes;
    const { communities = [] } = out;
    if (rule.addCommunity !== undefined && !communities.includes(rule.addCommunity)) {
      out = { ...out, communities: [...communities, rule.addCommunity] };
    }
    if (rule.prepend !== undefined) out = { ...out, asPath: [...rule.prepend, ...out.asPath] };
    if (rule.priority !== undefined) out = { ...out, localPref: MAX - rule.priority };
    return out;
  }
  return policy.default === "accept" ? attributes : undefined;
}

/** The stages of the decision as numbers of which less is better; MED has its place among them. */
function stages(path: Usable): (number | "med")[] {
  const { attributes: a, peer } = path;
  return [
    peer.own === true ? 0 : 1, -(a.localPref ?? 100), a.asPath.length, a.origin, "med",
      peer.kind === "ebgp" && peer.own !== true ? 0 : 1,
    a.originatorId ?? peer.routerId, (a.clusterList ?? []).length,
    ...(peer.address === "" ? [0, 0, 0, 0] : peer.address.split(".").map(Number)), path.receivedId,
  ];
}

function bestOf(paths: readonly Usable[]): Usable {
  let left = [...paths];
  for (let i = 0; left.length > 1 && i < stages(left[0]!).length; i++) {
    if (stages(left[0]!)[i] === "med") {
      const worse = (a: Usable): boolean => left.some((b) => (
        b.attributes.asPath[0] === a.attributes.asPath[0] && (b.attributes.med ?? 0) < (a.attributes.med ?? 0)
      ));
      left = left.filter((path) => !worse(path));
    } else {
      const least = Math.min(...left.map((path) => stages(path)[i] as number));
      left = left.filter((path) => stages(path)[i] === least);
    }
  }
  return left[0]!;
}

/** The best, then the best of the others, and so on. */
function rank(paths: readonly Usable[]): Usable[] {
  const left = [...paths];
  const ranked: Usable[] = [];
  while (left.length > 0) {
    const best = bestOf(left);
    ranked.push(best);
    left.splice(left.indexOf(best), 1);
  }
  return ranked;
}

const quad = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");

/** A path as a peer is told it, in the words of naive-decoder.ts and `originator`;
  undefined where a rule forbids it. */
function exported(path: Usable, to: NaivePeer, family: string): Record<string, unknown> | undefined {
  const from = path.peer;
  const own = from.own === true;
  const a = filter(to.exports, path.prefix, path.attributes);
  if (a === undefined) return undefined;
  const internal = from.kind !== "ebgp" && to.kind !== "ebgp" && !own;
  if (internal && from.kind === "nonClient" && to.kind === "nonClient") return undefined;
  if (internal && (from.localAs !== to.localAs || !path.reflected)) return undefined;
  const communities = a.communities ?? [];
  if (communities.includes(NO_ADVERTISE)) return undefined;
  if (to.kind === "ebgp" && (communities.includes(NO_EXPORT) ||
    communities.includes(NO_EXPORT_SUBCONFED))) return undefined;
  if (to.kind === "ebgp" && a.otc !== undefined &&
    ["customer", "peer", "rs-client"].includes(to.role ?? "")) return undefined;
  const writesSelf = to.nextHop === "self" || (to.nextHop === "auto" && to.kind === "ebgp" && !own) || a.nextHop === "";
  const nextHop = writesSelf ? to.self[family]! : a.nextHop;
  if (nextHop === "") return undefined;
  if (family === "ipv6-unicast" && !nextHop.includes(":")) return undefined;
  if (family === "ipv4-unicast" && nextHop.includes(":") && !to.extendedNextHop) return undefined;
  if (a.huge === true && to.messageOctetsMax === 4096) return undefined;
  return { ...(to.kind === "ebgp" ? external(a, to, own) : toInternal(a, from, to, internal)), nextHop };
}

function common(a: NaiveAttributes): Record<string, unknown> {
  return {
    origin: ["igp", "egp", "incomplete"][a.origin],
    ...(a.communities === undefined ? {} : { communities: a.communities.map((c) => `${c >>> 16}:${c & 0xffff}`) }),
    ...(a.unknown === undefined ? {} : {
      unknownAttributes: [{ type: 99, flags: 0xe0 | (a.unknown.length > 510 ? 0x10 : 0), hex: a.unknown }],
    }),
  };
}

/** RFC 4271 §5.1, RFC 9234 §5: what leaves the AS. */
function external(a: NaiveAttributes, to: NaivePeer, own: boolean): Record<string, unknown> {
  const marks = to.role === "provider" || to.role === "peer" || to.role === "rs";
  const otc = a.otc ?? (marks ? to.localAs : undefined);
  return {
    ...common(a), asPath: [to.localAs, ...a.asPath], ...(own && a.med !== undefined ? { med: a.med } : {}),
    ...(otc === undefined ? {} : { otc }),
  };
}

/** RFC 4271 §5.1.5, RFC 4456 §8 and what BIRD does between clusters of one reflector. */
function toInternal(a: NaiveAttributes, from: NaivePeer, to: NaivePeer, reflected: boolean): Record<string, unknown> {
  const ids = [to.kind === "client" ? to.clusterId : 0, from.kind === "client" ? from.clusterId : 0];
  const added = ids[0] === ids[1] ? ids.slice(1) : ids;
  const originator = a.originatorId ?? from.routerId;
  const clusterList = [...added.filter((id) => id !== 0), ...(a.clusterList ?? [])];
  return {
    ...common(a), asPath: [...a.asPath], localPref: a.localPref ?? 100,
    ...(a.med === undefined ? {} : { med: a.med }), ...(a.otc === undefined ? {} : { otc: a.otc }),
    ...(a.aigp === undefined ? {} : { aigp: String(a.aigp) }),
    ...(reflected ? { originator, originatorId: quad(originator), clusterList: clusterList.map(quad) } : {}),
  };
}
