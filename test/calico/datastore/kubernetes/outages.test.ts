/** The Kubernetes datastore when things go wrong: nothing is lost, nothing is told to be gone, nothing turns. */

import { expect, it } from "vitest";
import { calico, k8sNode, KINDS, KubernetesWorld } from "../../../support/calico/kubernetes-world.ts";

const peer = (name: string) => calico("BGPPeer", name);
const lists = ({ server }: KubernetesWorld, plural: string): number =>
  server.asked(`/${plural}`).filter(({ url }) => !url.includes("watch=true")).length;
const watches = ({ server }: KubernetesWorld, plural: string): number =>
  server.asked(`/${plural}`).filter(({ url }) => url.includes("watch=true")).length;

it("goes on where a watch ended, at once and without a list", async () => {
  const world = await KubernetesWorld.open();
  await world.sync();
  await world.pass(6);
  for (let round = 1; round <= 3; round++) {
    world.server.watches.end("bgppeers");
    world.server.put(peer(`p${round}`));
    await world.agree();
    await world.pass(6);
  }
  expect(lists(world, "bgppeers")).toBe(1);
  expect(watches(world, "bgppeers")).toBe(4);
  expect(world.heard("down")).toBe(0);
});

it("waits after a watch that ended too soon, longer and longer", async () => {
  const world = await KubernetesWorld.open();
  await world.sync();
  for (let round = 0; round < 8; round++) {
    world.server.watches.cut("bgppeers");
    const before = watches(world, "bgppeers");
    await world.pass(0.5);
    expect(watches(world, "bgppeers")).toBe(before);
    await world.pass(0.75 * Math.min(2 ** round, 30) + 0.5);
    await world.until("another", () => world.server.watches.count("bgppeers") === 1);
  }
  world.server.put(peer("p"));
  await world.agree();
  expect(lists(world, "bgppeers")).toBe(1);
});

it("makes a bookmark its place", async () => {
  const world = await KubernetesWorld.open();
  world.server.put(peer("p"));
  await world.sync();
  for (let other = 0; other < 100; other++) world.server.store.skip();
  world.server.watches.bookmark();
  await world.pass(6);
  world.server.store.compact();
  world.server.watches.end();
  await world.until("watches", () => world.server.watches.count() === KINDS.length);
  world.server.put(peer("q"));
  await world.agree();
  expect(lists(world, "bgppeers")).toBe(1);
});

it.each([["in the watch"], ["as an answer"]])("lists anew when its place is gone, said %s", async (how) => {
  const world = await KubernetesWorld.open();
  world.server.put(peer("gone"));
  world.server.put(peer("kept"));
  await world.sync();
  await world.pass(6);
  if (how === "as an answer") world.server.refusals.set("watch bgppeers", { status: 410, message: "too old" });
  world.server.watches.end("bgppeers");
  world.server.remove(peer("gone"));
  world.server.put(peer("new"));
  world.server.store.skip();
  world.server.store.compact();
  await world.quiet();
  world.server.refusals.clear();
  await world.pass(2);
  await world.agree();
  expect(lists(world, "bgppeers")).toBe(2);
  expect(world.heard("down")).toBe(0);
});

it("lists anew after a restored cluster says that our place is of the future", async () => {
  const world = await KubernetesWorld.open();
  await world.sync();
  await world.pass(6);
  world.server.refusals.set("watch nodes", { status: 504, message: "Too large resource version: 900, current: 20" });
  world.server.watches.end("nodes");
  await world.quiet();
  expect(world.whyDown).toBe("nodes: 504 Too large resource version: 900, current: 20");
  world.server.refusals.clear();
  await world.pass(2);
  expect(lists(world, "nodes")).toBe(2);
  expect(world.events.at(-1)).toEqual({ kind: "up" });
});

it("keeps everything through an outage, asks seldom, and has all changes afterwards", async () => {
  const world = await KubernetesWorld.open();
  for (let at = 0; at < 20; at++) world.server.put(k8sNode(`n${at}`));
  await world.sync();
  await world.pass(10);
  await world.server.close();
  await world.pass(600);
  expect(world.known.size).toBe(20);
  expect(world.events.map(({ kind }) => kind)).toEqual(["down"]);
  expect(world.whyDown).toContain("ECONNREFUSED");
  // Half a minute at most between attempts, and not many more than these.
  const tries = world.timers.waits.filter((wait) => wait >= 1000 && wait <= 30_000).length;
  expect(tries).toBeLessThan(KINDS.length * 50);
  world.server.remove(k8sNode("n3"));
  world.server.put(peer("p"));
  await world.server.listen();
  await world.pass(31);
  await world.agree();
  expect(world.heard("up")).toBe(1);
  expect(world.heard("snapshot")).toBe(0);
});

it("takes the token of the moment after it was refused", async () => {
  let token = "old";
  const tls = { ca: undefined, certificate: undefined, key: undefined, serverName: undefined, isInsecure: false };
  const world = await KubernetesWorld.open({
    access: (server) => async () => ({ server: new URL(server.url), token, tls }),
  });
  world.server.tokens = new Set(["old"]);
  await world.sync();
  await world.pass(6);
  world.server.tokens = new Set(["new"]);
  world.server.watches.end();
  await world.quiet();
  expect(world.whyDown).toBe("401 Unauthorized");
  expect(world.heard("down")).toBe(1);
  token = "new";
  await world.pass(3);
  await world.until("up", () => world.heard("up") === 1);
});

it("tells why there is no access, and comes back when there is", async () => {
  let isThere = false;
  const tls = { ca: undefined, certificate: undefined, key: undefined, serverName: undefined, isInsecure: false };
  const world = await KubernetesWorld.open({ access: (server) => async () =>
    isThere ? { server: new URL(server.url), token: undefined, tls } : { fault: "config cannot be read: no such file" },
  });
  world.start();
  await world.pass(100);
  expect(world.events).toEqual([{ kind: "down", why: "config cannot be read: no such file" }]);
  isThere = true;
  await world.pass(31);
  await world.until("synced", () => world.heard("synced") === 1);
});

it("names a kind that is forbidden, asks for it seldom, and goes on with the others", async () => {
  const world = await KubernetesWorld.open();
  world.server.refusals.set("bgppeers", { status: 403, message: 'bgppeers is forbidden: User "x" cannot list' });
  world.server.put(peer("p"));
  world.start();
  await world.pass(600);
  world.server.put(k8sNode("n1"));
  await world.until("the node", () => world.known.has("Node n1"));
  expect(world.whyDown).toBe('bgppeers: 403 bgppeers is forbidden: User "x" cannot list');
  expect(world.faults).toEqual(['BGPPeer *: 403 bgppeers is forbidden: User "x" cannot list']);
  expect(world.heard("synced")).toBe(0);
  expect(lists(world, "bgppeers")).toBeGreaterThan(5);
  expect(lists(world, "bgppeers")).toBeLessThan(22);
  world.server.refusals.clear();
  await world.pass(60);
  await world.until("synced", () => world.heard("synced") === 1 && world.heard("up") === 1);
  await world.agree();
});

it("keeps what it knows of a kind that becomes forbidden or is not there for a while", async () => {
  const world = await KubernetesWorld.open();
  world.server.put(peer("p"));
  world.server.put(calico("BGPFilter", "f"));
  await world.sync();
  await world.pass(6);
  for (const status of [403, 404]) {
    for (const plural of ["bgppeers", "bgpfilters"]) world.server.refusals.set(plural, { status, message: "no" });
    world.server.watches.end();
    await world.pass(200);
    expect([...world.known.keys()].sort()).toEqual(["BGPFilter f", "BGPPeer p"]);
    world.server.refusals.clear();
    await world.pass(70);
    await world.agree();
  }
});

it("takes BGPFilters that an old Calico does not have for none, and finds them when they come", async () => {
  const world = await KubernetesWorld.open();
  world.server.refusals.set("bgpfilters", { status: 404, message: "the server could not find the requested resource" });
  await world.sync();
  expect(world.faults).toEqual(["BGPFilter *: 404 the server could not find the requested resource"]);
  expect(world.heard("down")).toBe(0);
  world.server.refusals.clear();
  world.server.put(calico("BGPFilter", "f"));
  await world.pass(61);
  await world.agree();
  expect(world.faults).toEqual([]);
});

it("goes on without Secrets that it may not read, and says which", async () => {
  const world = await KubernetesWorld.open();
  world.server.refusals.set("secrets", { status: 403, message: "secrets is forbidden" });
  world.onEvent = (event) => {
    if (event.kind === "snapshot") {
      world.datastore.want({ services: false, statuses: false, secrets: new Set(["s1"]) });
    }
  };
  await world.sync();
  expect(world.faults).toEqual(["Secret s1: 403 secrets is forbidden"]);
});

it("takes services that it may not read for none at first, and names them", async () => {
  const world = await KubernetesWorld.open();
  for (const plural of ["services", "endpointslices"]) {
    world.server.refusals.set(plural, { status: 403, message: `${plural} is forbidden` });
  }
  world.datastore.want({ services: true, statuses: false, secrets: new Set() });
  await world.sync();
  expect(world.faults).toEqual(["Service *: 403 services is forbidden",
    "EndpointSlice *: 403 endpointslices is forbidden"]);
});

it("waits as long as a busy server asks", async () => {
  const world = await KubernetesWorld.open();
  world.server.refusals.set("list nodes", { status: 429, message: "too many requests", retryAfterSeconds: 20 });
  world.start();
  await world.pass(19);
  expect(lists(world, "nodes")).toBe(1);
  expect(world.whyDown).toBe("nodes: 429 too many requests");
  world.server.refusals.clear();
  await world.pass(2);
  await world.until("synced", () => world.heard("synced") === 1);
});

it("does not wait for a server that takes requests and never answers", async () => {
  const world = await KubernetesWorld.open();
  world.server.isMute = true;
  world.start();
  await world.pass(65.5);
  expect(world.whyDown).toBe("nothing came for 65 s");
  world.server.isMute = false;
  await world.pass(5);
  await world.until("synced", () => world.heard("synced") === 1);
});

it("says after a minute that watches are not answered", async () => {
  const world = await KubernetesWorld.open();
  await world.sync();
  await world.pass(6);
  world.server.isMute = true;
  world.server.watches.end();
  await world.pass(64);
  expect(world.heard("down")).toBe(0);
  await world.pass(1.5);
  expect(world.whyDown).toBe("nothing came for 65 s");
  world.server.isMute = false;
  world.server.put(peer("p"));
  await world.pass(3);
  await world.agree();
  expect([world.heard("up"), lists(world, "bgppeers")]).toEqual([1, 1]);
});

it("replaces a watch on which nothing comes, not even its end", async () => {
  const world = await KubernetesWorld.open();
  world.timers.chance = 0;
  await world.sync();
  expect(world.server.watches.count("bgppeers")).toBe(1);
  await world.pass(329);
  expect(watches(world, "bgppeers")).toBe(1);
  await world.pass(2);
  await world.until("another", () => watches(world, "bgppeers") === 2);
  expect(world.heard("down")).toBe(0);
});

it("lists anew after an event that is none, and after an error", async () => {
  const world = await KubernetesWorld.open();
  await world.sync();
  await world.pass(6);
  for (const [round, said] of ["no JSON\n", '{"type":"ODD","object":{}}\n', '{"type":"ADDED"}\n',
    '{"type":"ERROR","object":{"code":410,"message":"old"}}\n'].entries()) {
    world.server.watches.raw("bgppeers", said);
    await world.pass(3);
    world.server.put(peer(`p${round}`));
    await world.agree();
    expect(lists(world, "bgppeers")).toBe(round + 2);
    await world.pass(6);
  }
});

it("keeps its place through an error of the moment", async () => {
  const world = await KubernetesWorld.open();
  await world.sync();
  await world.pass(6);
  world.server.watches.raw("bgppeers", '{"type":"ERROR","object":{"code":500,"message":"etcd"}}\n');
  world.server.put(peer("p"));
  await world.pass(3);
  await world.agree();
  expect(lists(world, "bgppeers")).toBe(1);
  expect(world.whyDown).toBe("bgppeers: 500 etcd");
});

it("names one of the kinds that the server is too busy for, and another when that one is back", async () => {
  const world = await KubernetesWorld.open();
  await world.sync();
  await world.pass(6);
  const whys = (): string[] => world.events.flatMap((event) => (event.kind === "down" ? [event.why] : []));
  for (const plural of ["ippools", "bgppeers", "nodes"]) {
    world.server.refusals.set(plural, { status: 503, message: "busy" });
    world.server.watches.end(plural);
    await world.pass(10);
  }
  expect(whys()).toEqual(["ippools: 503 busy"]);
  for (const plural of ["ippools", "bgppeers"]) {
    world.server.refusals.delete(plural);
    await world.pass(60);
  }
  expect(whys()).toEqual(["ippools: 503 busy", "nodes: 503 busy"]);
  world.server.refusals.clear();
  await world.pass(60);
  expect(world.events.at(-1)).toEqual({ kind: "up" });
});

it("leaves an object out that is too long, says so, and reads what follows", async () => {
  const world = await KubernetesWorld.open();
  const long = { ...calico("BGPPeer", "long"), note: "x".repeat(1_600_000) };
  world.server.put(long);
  world.server.put(peer("p"));
  await world.sync();
  const told = ["BGPPeer *: objects too long to read, left out: 1"];
  expect(world.faults).toEqual(told);
  expect([...world.known.keys()]).toEqual(["BGPPeer p"]);
  world.server.put({ ...k8sNode("long"), note: long.note });
  world.server.put(k8sNode("n"));
  await world.until("the next one", () => world.known.has("Node n"));
  expect(world.known.has("Node long")).toBe(false);
  expect(world.faults).toEqual(["Node *: objects too long to read, left out: 1", ...told]);
});

it("has in the end what the server has, whatever happens on the way", async () => {
  const world = await KubernetesWorld.open();
  let seed = 7;
  const below = (count: number): number => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * count);
  };
  await world.sync();
  const { server } = world;
  const anyKind = (name: string) =>
    (below(2) === 0 ? k8sNode(name, { n: String(below(9)) }) : calico("BGPPeer", name, { n: below(9) }));
  const mishaps = [
    () => server.watches.end(), () => server.watches.cut(), () => server.store.compact(),
    () => server.watches.bookmark(), () => { server.pieceOctets = below(40); }, () => server.expirePages(),
  ];
  for (let round = 0; round < 40; round++) {
    for (let change = 0; change < 5; change++) {
      const object = anyKind(`o${below(12)}`);
      if (below(3) === 0) server.remove(object);
      else server.put(object);
    }
    mishaps[below(mishaps.length)]!();
    await world.pass(below(4));
  }
  server.pieceOctets = 0;
  await world.pass(60);
  await world.agree();
}, 60_000);
