/**
 * `reflectd lab`: a reflector and small speakers on loopback, in one process and without configuration. Rule: the
 * reflector is the real daemon over real sockets; the lab only starts both sides, waits and shows.
 */

import { readU32 } from "../base/bytes.ts";
import { after } from "../base/ports.ts";
import { formatPrefix } from "../base/prefix.ts";
import { PeerSession } from "../transport/peer-session.ts";
import type { SessionParameters } from "../transport/ports.ts";
import type { LabNode } from "./plan.ts";
import { LAB_AS_NUMBER, LAB_NODES_MAX, labNodes, octets, REFLECTOR_ADDRESS, reflectorConfiguration } from "./plan.ts";
import { closing, notConverged, opening, Screen } from "./report.ts";
import { LabSpeaker, SPEAKER_CAPABILITIES } from "./speaker.ts";
import { shortfall } from "./screen.ts";
import type { LabReflector, LabWorld } from "./world.ts";

/** What was asked on the command line. */
export interface LabOptions {
  readonly nodes: number;
  /** Ends as soon as every speaker holds every other's routes, or when time is up. */
  readonly once: boolean;
}

/** Nodes of a lab that nobody counted. */
export const LAB_NODES_DEFAULT = 4;
/** Seconds that speakers on loopback may take; far more than a slow machine needs. */
const PATIENCE_SECONDS = 30;
/** Seconds between two drawings of the table. */
const FRAME_SECONDS = 0.1;

/** Runs the lab until the user or `once` ends it. Resolves with the exit code. */
export async function runLab(options: LabOptions, world: LabWorld): Promise<number> {
  if (options.nodes > LAB_NODES_MAX) {
    world.complain(`reflectd: lab: ${options.nodes} nodes are too many for one process (at most ${LAB_NODES_MAX})\n`);
    return 1;
  }
  const nodes = labNodes(options.nodes);
  const reflector = await world.startReflector(reflectorConfiguration(nodes, 0));
  if ("refused" in reflector) {
    world.complain(`reflectd: lab: the reflector did not start: ${reflector.refused}\n`);
    return 1;
  }
  const run = new LabRun(options, nodes, reflector, world);
  try {
    return await run.finished;
  } finally {
    run.stop();
    await reflector.stop();
  }
}

/** One lab while it runs: which speakers there are, what was shown, how it ends. */
class LabRun {
  /** Resolves with the exit code. */
  readonly finished: Promise<number>;
  readonly #options: LabOptions;
  readonly #reflector: LabReflector;
  readonly #world: LabWorld;
  readonly #screen: Screen;
  readonly #speakers: readonly LabSpeaker[];
  readonly #sessions: readonly PeerSession[];
  readonly #wanted: ReadonlyMap<LabSpeaker, ReadonlySet<string>>;
  #finish: (code: number) => void = () => {};
  #takeBackFrame: (() => void) | undefined;
  readonly #takeBackPatience: () => void;
  #converged = false;
  #lacksAddresses = false;

  constructor(options: LabOptions, nodes: readonly LabNode[], reflector: LabReflector, world: LabWorld) {
    this.#options = options;
    this.#reflector = reflector;
    this.#world = world;
    this.#screen = new Screen((text) => world.write(text), world.terminal);
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#screen.print(opening(nodes, reflector));
    this.#speakers = nodes.map((node) => new LabSpeaker(node, () => this.#redrawSoon()));
    this.#wanted = new Map(this.#speakers.map((speaker) => [speaker, othersOf(speaker.node, nodes)]));
    this.#sessions = this.#speakers.map((speaker) => this.#dial(speaker));
    this.#takeBackPatience = world.scheduler.at(after(world.clock.now(), PATIENCE_SECONDS), () => this.#timeIsUp());
    this.#screen.draw([...reflector.api.peers()]);
    void world.stopped.then(() => this.#finish(0));
  }

  /** Ends the speakers; nothing is shown any more. */
  stop(): void {
    this.#takeBackFrame?.();
    this.#takeBackPatience();
    this.#redrawSoon = () => {};
    for (const session of this.#sessions) session.stop({ text: "the lab ends" });
  }

  #dial(speaker: LabSpeaker): PeerSession {
    const { clock, random, scheduler, connector } = this.#world;
    const session = new PeerSession(parametersOf(speaker.node, this.#reflector.port), speaker, {
      clock, random, scheduler, connector,
      onEvent: (event) => {
        if (event.event === "dialFailed") this.#dialFailed(speaker.node, event.why);
      },
    });
    speaker.attach(session);
    session.start();
    return session;
  }

  /** Linux has all of 127.0.0.0/8; elsewhere a loopback address must be given to the interface first. */
  #dialFailed(node: LabNode, why: string): void {
    if (this.#lacksAddresses || !why.includes("EADDRNOTAVAIL")) return;
    this.#lacksAddresses = true;
    const command = `sudo ifconfig lo0 alias ${node.address} up`;
    this.#world.complain(`reflectd: lab: ${node.address} is no address of this machine (outside Linux: ${command}, ` +
      "and so on for every node)\n");
    this.#finish(1);
  }

  #redrawSoon = (): void => {
    if (this.#takeBackFrame !== undefined) return;
    const { clock, scheduler } = this.#world;
    this.#takeBackFrame = scheduler.at(after(clock.now(), FRAME_SECONDS), () => {
      this.#takeBackFrame = undefined;
      this.#redraw();
    });
  };

  #redraw(): void {
    this.#screen.draw([...this.#reflector.api.peers()]);
    const before = this.#converged;
    this.#converged = this.#isConverged();
    if (before || !this.#converged) return;
    const { terminal } = this.#world;
    this.#screen.print(closing(this.#speakers, this.#reflector, { once: this.#options.once, terminal }));
    if (this.#options.once) this.#finish(0);
  }

  #shortfalls(): string[] {
    return this.#speakers.flatMap((speaker) =>
      shortfall(speaker.node, speaker.table, this.#wanted.get(speaker) ?? new Set()) ?? []);
  }

  /** Looks at the tables themselves only when every one is large enough: it is done for each frame. */
  #isConverged(): boolean {
    const large = this.#speakers.every((speaker) => speaker.routes >= (this.#wanted.get(speaker)?.size ?? 0));
    return large && this.#shortfalls().length === 0;
  }

  #timeIsUp(): void {
    const faults = this.#shortfalls();
    if (faults.length === 0) return;
    this.#world.complain(notConverged(faults, PATIENCE_SECONDS).map((line) => `${line}\n`).join(""));
    if (this.#options.once) this.#finish(1);
  }
}

function othersOf(node: LabNode, nodes: readonly LabNode[]): ReadonlySet<string> {
  return new Set(nodes.filter((other) => other !== node).flatMap(({ blocks }) => blocks.map(formatPrefix)));
}

/** A node's only neighbour, dialled from the node's own address. */
function parametersOf(node: LabNode, port: number): SessionParameters {
  return {
    name: node.name, address: REFLECTOR_ADDRESS, port, localAddress: node.address, passive: false,
    asNumber: LAB_AS_NUMBER, localAsNumber: LAB_AS_NUMBER, routerId: readU32(octets(node.address), 0),
    holdTimeSeconds: 90, connectRetrySeconds: 1, idleHoldSeconds: [1, 5],
    capabilities: SPEAKER_CAPABILITIES, families: ["ipv4-unicast", "ipv6-unicast"],
  };
}
