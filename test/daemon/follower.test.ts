/** Calico mode in the daemon: intents that come by themselves, beside reloads, taken ports and the stop. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CalicoStatus } from "../../src/calico/translate/view.ts";
import type { Intent, PeerIntent } from "../../src/config/intent.ts";
import { readConfiguration } from "../../src/config/reader.ts";
import type { CalicoSettings, Settings } from "../../src/config/settings.ts";
import type { IntentSource } from "../../src/daemon/follower.ts";
import { DAEMON, World } from "./world.ts";

const STATUS: CalicoStatus = {
  node: "rr1", datastore: { kind: "files", up: false, since: "2026-03-01T00:00:00.000Z", why: "no such file" },
  waiting: "nothing has been read yet", nodes: 3, sessions: 2,
  faults: [{ kind: "BGPPeer", name: "p", field: "spec.peerIP", why: "wrong" },
    { kind: "BGPPeer", name: "p", field: "spec", why: "wrong" }, { kind: "Node", name: "w", field: "", why: "wrong" },
    { kind: "BGPPeer", name: "q", field: "spec", why: "odd", note: true }],
};

/** A source that says what the test says. */
class FakeSource implements IntentSource {
  intent: Intent | undefined = undefined;
  isRunning = false;
  read: Settings[] = [];
  reconfigured: Intent | undefined = undefined;
  state: CalicoStatus = STATUS;
  #onIntent: () => void = () => undefined;

  get settings(): CalicoSettings {
    return { datastore: "files", files: ["/r"], kubeconfig: undefined, etcd: undefined, nodeName: "rr1",
      node: undefined, publishNode: false, namespace: undefined, programClusterRoutes: undefined,
      holdTimeSeconds: 240, routerId: undefined, listen: undefined };
  }

  start(onIntent: () => void): void {
    this.isRunning = true;
    this.#onIntent = onIntent;
  }

  async stop(): Promise<void> {
    this.isRunning = false;
  }

  reconfigure(settings: Settings): readonly string[] {
    this.read.push(settings);
    this.intent = this.reconfigured ?? this.intent;
    return ["calico.files"];
  }

  status(): CalicoStatus {
    return this.state;
  }

  say(intent: Intent): void {
    this.intent = intent;
    this.#onIntent();
  }
}

const FILE = { http: false, control: { birdSockets: false },
  calico: { datastore: "files", files: ["/r"], nodeName: "rr1" } };

let world: World;
let source: FakeSource;

/** What a file with these neighbours would ask for, by names that Calico gives. */
function intent(addresses: readonly string[], keys: object = {}, each: Partial<PeerIntent> = {}): Intent {
  const read = readConfiguration(JSON.stringify({ routerId: DAEMON, clusterId: "244.0.0.1",
    listen: [{ address: DAEMON, port: 179 }], ...keys, neighbors: addresses.map((address) => ({ address, addPath: "off",
      name: `Node_${address.replaceAll(".", "_")}`, routeReflectorClient: true })) }), "test");
  if ("faults" in read) throw new Error(JSON.stringify(read.faults));
  return { ...read.intent, peers: read.intent.peers.map((peer) => ({ ...peer, ...each })) };
}

/** Promises are kept, then time passes. */
async function pass(seconds: number): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve();
  world.run(seconds);
}

const names = (): string[] => [...world.api.peers()].map(({ name }) => name);

beforeEach(async () => {
  world = new World(FILE);
  source = new FakeSource();
  world.source = source;
  await world.start();
});
afterEach(() => world.stop());

describe("before the first intent", () => {
  it("nothing runs and nobody listens; it is not ready, and says why", async () => {
    await pass(60);
    expect([names(), [...world.listening], source.isRunning]).toEqual([[], [], true]);
    expect(world.api.ready()).toEqual({ ready: false, waitingFor: ["the files datastore (no such file)"] });
    expect(world.api.calico()).toBe(STATUS);
  });
});

describe("an intent", () => {
  it("is applied as a difference: who is not concerned notices nothing", async () => {
    source.say(intent(["192.0.2.11", "192.0.2.12"]));
    const [one, two] = [world.router("192.0.2.11"), world.router("192.0.2.12")];
    await pass(5);
    expect([one.isUp, two.isUp, [...world.listening]]).toEqual([true, true, [`${DAEMON} 179`]]);
    one.announce(["10.0.1.0/24"]);
    world.run(2);
    expect(two.prefixes).toEqual(["10.0.1.0/24"]);
    expect(world.api.ready()).toEqual({ ready: true, waitingFor: [] });
    const three = world.router("192.0.2.13");
    source.say(intent(["192.0.2.11", "192.0.2.13"]));
    await pass(5);
    expect([one.ups, two.isUp, three.isUp]).toEqual([1, false, true]);
    expect(two.downs[0]).toMatchObject({ code: 6, subcode: 3 });
    expect(three.prefixes).toEqual(["10.0.1.0/24"]);
    expect(world.events("resources-applied")).toEqual([
      expect.objectContaining({ added: 2, removed: 0, reset: 0, refreshed: 0, untouched: 0 }),
      expect.objectContaining({ added: 1, removed: 1, reset: 0, refreshed: 0, untouched: 1 }),
    ]);
  });

  it("of several that come together the last counts; one that changes nothing is no line of the log", async () => {
    source.say(intent(["192.0.2.11"]));
    source.say(intent(["192.0.2.12"]));
    source.say(intent(["192.0.2.13"]));
    await pass(1);
    source.say(intent(["192.0.2.13"]));
    await pass(1);
    expect(names()).toEqual(["Node_192_0_2_13"]);
    expect(world.events("resources-applied")).toHaveLength(1);
  });

  it("is what says where the daemon listens, once for each place", async () => {
    const there = (): unknown[] => world.events("listening").map(({ listening }) => listening);
    source.say(intent(["192.0.2.11"]));
    await pass(1);
    source.say(intent(["192.0.2.12"]));
    await pass(1);
    expect(there()).toEqual([`${DAEMON} port 179`]);
    source.say(intent(["192.0.2.12"], { listen: [{ address: DAEMON, port: 1790 }] }));
    await pass(1);
    expect(there()).toEqual([`${DAEMON} port 179`, `${DAEMON} port 1790`]);
  });

  it("with another router id or AS resets, with another cluster id does not", async () => {
    source.say(intent(["192.0.2.11"]));
    const router = world.router("192.0.2.11");
    await pass(5);
    source.say(intent(["192.0.2.11"], { clusterId: "244.0.0.2" }));
    await pass(5);
    expect([router.ups, world.view("192.0.2.11").clusterId]).toEqual([1, "244.0.0.2"]);
    source.say(intent(["192.0.2.11"], { clusterId: "244.0.0.2", routerId: "192.0.2.99" }));
    await pass(30);
    expect([router.ups, router.facts?.remote.routerId]).toEqual([2, 0xc0000263]);
    expect(world.api.status().routerId).toBe("192.0.2.99");
  });
});

describe("a port that is taken", () => {
  it("is waited for before anything begins: who has it is the same neighbour to our peers", async () => {
    world.refusedListeners.set(DAEMON, "EADDRINUSE");
    const router = world.router("192.0.2.11", { passive: true });
    source.say(intent(["192.0.2.11"]));
    await pass(5);
    await pass(20);
    await pass(20);
    expect([router.ups, names(), [...world.listening]]).toEqual([0, [], []]);
    expect(world.api.ready().waitingFor).toEqual([expect.stringContaining("cannot listen")]);
    expect(world.api.calico()).toMatchObject({ sessions: 0, waiting: expect.stringContaining("cannot listen") });
    expect(world.events("listener")).toHaveLength(1);
    world.refusedListeners.clear();
    await pass(6);
    await pass(5);
    expect([router.isUp, [...world.listening]]).toEqual([true, [`${DAEMON} 179`]]);
    expect([world.api.ready().ready, world.api.calico()]).toEqual([true, STATUS]);
  });

  it("later costs the new listener alone: sessions stay, others are dialled, it is tried again", async () => {
    const [one, two] = [world.router("192.0.2.11", { passive: true }), world.router("192.0.2.12", { passive: true })];
    source.say(intent(["192.0.2.11"]));
    await pass(5);
    world.refusedListeners.set("192.0.2.9", "EADDRINUSE");
    const listen = [{ address: "192.0.2.9", port: 179 }];
    source.say(intent(["192.0.2.11", "192.0.2.12"], { listen }));
    await pass(5);
    expect([one.ups, two.isUp, [...world.listening]]).toEqual([1, true, [`${DAEMON} 179`]]);
    expect(world.api.ready().waitingFor).toEqual([expect.stringContaining("cannot listen")]);
    await pass(20);
    expect(world.events("listener")).toHaveLength(1);
    world.refusedListeners.clear();
    await pass(6);
    await pass(0);
    expect([one.ups, two.ups, [...world.listening]]).toEqual([1, 1, ["192.0.2.9 179"]]);
  });

  it("that we may not have is no sign of another speaker: sessions are dialled", async () => {
    world.refusedListeners.set(DAEMON, "EACCES");
    const router = world.router("192.0.2.11", { passive: true });
    source.say(intent(["192.0.2.11"]));
    await pass(5);
    expect([router.isUp, [...world.listening]]).toEqual([true, []]);
  });
});

describe("an address that nobody has", () => {
  it("costs its own listener alone, and is tried again", async () => {
    world.refusedListeners.set("2001:db8::1", "EADDRNOTAVAIL");
    const listen = [{ address: DAEMON, port: 179 }, { address: "2001:db8::1", port: 179 }];
    source.say(intent(["192.0.2.11"], { listen }));
    await pass(12);
    expect([...world.listening]).toEqual([`${DAEMON} 179`]);
    expect(world.api.ready().waitingFor).toEqual(["cannot listen on 2001:db8::1:179"]);
    world.refusedListeners.clear();
    await pass(6);
    await pass(0);
    expect([...world.listening]).toEqual([`${DAEMON} 179`, "2001:db8::1 179"]);
  });
});

describe("reload", () => {
  it("gives the file to the source, applies what comes of it, and tells what needs a restart", async () => {
    source.say(intent(["192.0.2.11"]));
    await pass(5);
    source.reconfigured = intent(["192.0.2.12"]);
    world.nextFile = { ...FILE, metrics: { perPeer: false } };
    expect(await world.until(world.api.reload())).toEqual({ added: ["Node_192_0_2_12"], removed: ["Node_192_0_2_11"],
      reset: [], refreshed: [], untouched: [], needsRestart: ["metrics", "calico.files"] });
    expect(source.read[0]?.metrics.perPeer).toBe(false);
  });

  it("never takes the neighbours away with the intent of a file that has none", async () => {
    source.say(intent(["192.0.2.11"]));
    await pass(5);
    expect(await world.until(world.api.reload())).toMatchObject({ untouched: ["Node_192_0_2_11"], removed: [] });
  });

  it("does not leave Calico mode", async () => {
    world.nextFile = { routerId: DAEMON };
    expect(await world.until(world.api.reload())).toMatchObject({ what: "failed",
      refused: "Calico mode begins and ends with a restart (what runs is kept)" });
  });
});

describe("what is shown", () => {
  it("metrics: the datastore, and faulty objects by kind, without notes", async () => {
    await pass(1);
    expect(world.metric("reflectd_datastore_up")).toBe(0);
    expect(world.metric("reflectd_datastore_faults", { kind: "BGPPeer" })).toBe(1);
    expect(world.metric("reflectd_datastore_faults", { kind: "Node" })).toBe(1);
  });

  it("the configuration: the intent in force, the settings of Calico mode, the datastore", async () => {
    source.say(intent(["192.0.2.11"]));
    await pass(1);
    expect(world.api.config()).toMatchObject({ routerId: DAEMON, neighbors: [{ name: "Node_192_0_2_11" }],
      calico: { files: ["/r"], nodeName: "rr1" }, calicoStatus: STATUS });
  });

  it("a password that nobody can set: the session waits and never is without it", async () => {
    source.say(intent(["192.0.2.11"], {}, { passwordSecret: { name: "bgp-secrets", key: "rr" } }));
    const router = world.router("192.0.2.11");
    await pass(30);
    expect(router.ups).toBe(0);
    expect(world.view("192.0.2.11").waiting).toMatch(/password/);
  });
});

it("stops with its source, and follows nothing any more", async () => {
  source.say(intent(["192.0.2.11"]));
  await pass(1);
  await world.until(world.daemon.stop(""));
  source.say(intent(["192.0.2.12"]));
  await pass(1);
  expect([source.isRunning, names()]).toEqual([false, ["Node_192_0_2_11"]]);
});

it("without Calico mode there is no such page", async () => {
  const plain = await World.with();
  expect(plain.api.calico()).toEqual({ refused: "the daemon is not in Calico mode", what: "not-found" });
  expect(plain.metric("reflectd_datastore_up")).toBeUndefined();
  await plain.stop();
});
