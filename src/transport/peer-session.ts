/**
 * One neighbour at work: performs what the machine of fsm/session.ts asks for. Rules: no protocol here, only sockets,
 * deadlines and counters; every event goes through `#deliver` or `#update`, so a call from inside an owner's call waits
 * its turn; a deadline counts only after a full poll phase has run since it passed.
 */

import { after } from "../base/ports.ts";
import { unreachable } from "../base/assert.ts";
import { fsmParameters, keepaliveSeconds } from "../fsm/cells.ts";
import type { FsmParameters } from "../fsm/cells.ts";
import { Deadlines } from "../fsm/deadlines.ts";
import type { Action, Event, State, Timer } from "../fsm/events.ts";
import { IDLE_HOLD } from "../fsm/parameters.ts";
import { mostAdvanced, newSession, SESSION_TIMERS, stepSession } from "../fsm/session.ts";
import type { Session, SessionEvent, SessionTimer, Slot, Work } from "../fsm/session.ts";
import { endsSession } from "../messages/fault.ts";
import type { Fault } from "../messages/fault.ts";
import { EXTENDED_MESSAGE_OCTETS_MAX, MESSAGE, MESSAGE_OCTETS_MAX, messageType } from "../messages/header.ts";
import { KEEPALIVE } from "../messages/keepalive.ts";
import type { Notification } from "../messages/notification.ts";
import { CEASE, encodeNotification } from "../messages/notification.ts";
import { encodeOpen } from "../messages/open.ts";
import { encodeRouteRefresh, REFRESH } from "../messages/route-refresh.ts";
import { Alarm } from "./alarm.ts";
import type { Sleeper } from "./alarm.ts";
import { ConnectionDriver } from "./driver.ts";
import type { DriverClient } from "./driver.ts";
import type {
  Connection, ConnectionEnd, PeerSessionPort, SessionEnd, SessionEnvironment, SessionOwner, SessionParameters,
  SessionView, StateName,
} from "./ports.ts";
import { InputTurns } from "./input-turns.ts";
import { readEvent } from "./read-event.ts";
import { earliest, newSlot, takeDue } from "./slot-resources.ts";
import type { SlotResources } from "./slot-resources.ts";
import { Traffic } from "./traffic.ts";

const SLOTS: readonly Slot[] = [0, 1];

/**
 * One neighbour address: dials, accepts, keeps the session and hands its messages to the owner of routes. It serves its
 * drivers and its alarm itself: an object with a closure per call would be a kilobyte per session.
 */
export class PeerSession implements PeerSessionPort, DriverClient, Sleeper<readonly number[]> {
  #parameters: SessionParameters;
  #fsm: FsmParameters;
  readonly #owner: SessionOwner;
  readonly #environment: SessionEnvironment;
  readonly #slots: readonly [SlotResources, SlotResources] = [newSlot(), newSlot()];
  readonly #deadlines = new Deadlines<SessionTimer>(SESSION_TIMERS);
  readonly traffic: Traffic = new Traffic();
  readonly #pending: SessionEvent[] = [];
  readonly #alarm: Alarm<readonly number[]>;
  #session: Session;
  #delivering = false;
  #started = false;
  /** The slot that is Established; what is pulled goes there. */
  #up: Slot | undefined;
  /** An UPDATE has come since the HoldTimer was armed. */
  #heard = false;
  /** The inbound connection that the machine is being asked about. */
  #offered: Connection | undefined;
  #shown: StateName = "Idle";
  #sinceMilliseconds: number;
  #quiet = true;
  #flaps = 0;
  #lastError: (SessionEnd & { readonly at: number }) | undefined;
  #lastLocalAddress: string | undefined;
  #note: string | undefined;
  #restReason: string | undefined;

  constructor(parameters: SessionParameters, owner: SessionOwner, environment: SessionEnvironment) {
    this.#parameters = parameters;
    this.#fsm = fsmParameters(parameters);
    this.#owner = owner;
    this.#environment = environment;
    this.#session = newSession(this.#fsm);
    this.#sinceMilliseconds = environment.clock.wallMilliseconds();
    this.#alarm = new Alarm(environment.scheduler, this);
  }

  get parameters(): SessionParameters {
    return this.#parameters;
  }

  start(): void {
    this.#started = true;
    const { unavailable } = this.parameters;
    if (unavailable !== undefined) return this.#environment.onEvent({ event: "waiting", why: unavailable });
    this.#deliver({ name: "Start" });
  }

  stop(options: { readonly subcode?: number; readonly text?: string; readonly quietly?: boolean } = {}): void {
    this.#started = false;
    const { subcode = CEASE.ADMINISTRATIVE_SHUTDOWN, text = "", quietly = false } = options;
    this.#deliver({ name: "Stop", subcode, text, quietly });
  }

  reset(subcode: number = CEASE.ADMINISTRATIVE_RESET, text = ""): void {
    this.#deliver({ name: "Reset", subcode, text });
  }

  retune(parameters: SessionParameters): void {
    const { passive, unavailable } = this.#parameters;
    this.#parameters = parameters;
    this.#fsm = fsmParameters(parameters);
    if (parameters.passive !== passive) this.#deliver({ name: "PassiveChanged" });
    if (this.#started && parameters.unavailable !== unavailable) this.start();
  }

  holdDown(seconds: number, why: string): void {
    this.#restReason = why;
    this.#deliver({ name: "HoldDown", seconds, text: why });
  }

  accept(connection: Connection, alreadyRead?: Uint8Array): boolean {
    if (this.#delivering) { // only an owner's call could do this; the answer could not be given in time
      connection.destroy();
      return false;
    }
    this.#offered = connection;
    this.#deliver({ name: "Inbound" });
    const adopted = this.#slots.find(({ driver }) => driver?.connection === connection);
    adopted?.driver?.start(alreadyRead);
    return adopted !== undefined;
  }

  wake(): void {
    if (this.#up !== undefined) this.#slots[this.#up].driver?.pump();
  }

  sendPriority(bytes: Uint8Array): void {
    if (this.#up !== undefined) this.#send(this.#up, bytes);
  }

  requestRefresh(family: { readonly afi: number; readonly safi: number }): boolean {
    const state = this.#up === undefined ? undefined : this.#session.connections[this.#up];
    if (state?.name !== "Established" || !state.negotiated.routeRefresh) return false;
    this.sendPriority(encodeRouteRefresh({ ...family, subtype: REFRESH.NORMAL }));
    return true;
  }

  note(why: string | undefined): void {
    this.#note = why;
  }

  view(): SessionView {
    const state = mostAdvanced(this.#session);
    const facts = state.name === "OpenConfirm" || state.name === "Established" ? state : undefined;
    const holdTimeSeconds = facts?.negotiated.holdTimeSeconds ?? this.parameters.holdTimeSeconds;
    return {
      state: state.name, since: this.#sinceMilliseconds,
      localAddress: this.#lastLocalAddress ?? this.parameters.localAddress,
      local: this.#fsm.local, remote: facts?.remote, negotiated: facts?.negotiated,
      lastError: this.#lastError, waiting: this.#waiting(state.name), flaps: this.#flaps,
      holdTimeSeconds, keepaliveTimeSeconds: keepaliveSeconds(this.#fsm, holdTimeSeconds), started: this.#started,
    };
  }

  #waiting(state: StateName): string | undefined {
    const now = this.#session.mode === "resting" ? this.#restReason ?? IDLE_HOLD : this.#note;
    return this.#started && state !== "Established" ? this.parameters.unavailable ?? now : undefined;
  }

  /** The loop: an event, its step, its work; what the work causes waits its turn. */
  #deliver(first: SessionEvent): void {
    if (this.#delivering) this.#pending.push(first);
    else this.#deliverAll(first);
  }

  #deliverAll(first: SessionEvent): void {
    this.#delivering = true;
    for (let event: SessionEvent | undefined = first; event !== undefined; event = this.#pending.shift()) {
      const { session, work } = stepSession(this.#fsm, this.#session, event);
      this.#session = session;
      for (const item of work) this.#do(item);
    }
    this.#delivering = false;
    this.#afterwards();
  }

  #onConnection(slot: Slot, event: Event): void {
    this.#deliver({ name: "Connection", slot, event });
  }

  /** What follows from the new state for people and for the timer. */
  #afterwards(): void {
    const { name } = mostAdvanced(this.#session);
    if (name !== this.#shown) {
      const from = this.#shown;
      this.#shown = name;
      this.#sinceMilliseconds = this.#environment.clock.wallMilliseconds();
      this.#environment.onEvent({ event: "state", from, to: name });
    }
    if (this.#session.mode === "stopped") this.#alarm.silence();
    if (this.#session.mode !== "resting") this.#restReason = undefined;
    const quiet = this.#isQuiet();
    if (quiet === this.#quiet) return;
    this.#quiet = quiet;
    if (quiet) this.#environment.onQuiet?.();
  }

  #isQuiet(): boolean {
    const busy = this.#slots.some(({ driver, cancelDial }) => driver !== undefined || cancelDial !== undefined);
    return !busy && (this.#session.mode === "stopped" || (this.#session.mode === "running" && this.parameters.passive));
  }

  #do(work: Work): void {
    switch (work.do) {
      case "actions": return work.actions.forEach((action) => this.#perform(work.slot, action));
      case "adopt": return this.#adopt(work.slot);
      case "refuse": return this.#refuse(work.why, work.notification);
      case "arm": return this.#armIn(this.#deadlines, work.timer, work.seconds);
      case "disarm": return this.#deadlines.disarm(work.timer);
      default: return unreachable(work, "PeerSession");
    }
  }

  #perform(slot: Slot, action: Action): void {
    switch (action.do) {
      case "connect": return this.#connect(slot);
      case "sendOpen": return this.#send(slot, encodeOpen(this.#fsm.local));
      case "sendKeepalive": return this.#send(slot, KEEPALIVE);
      case "close": return this.#close(slot, action.notification);
      case "arm": return this.#arm(slot, action);
      case "disarm": return this.#slots[slot].deadlines.disarm(action.timer);
      case "report": return this.#report(action);
      case "up": return this.#goUp(slot, action.state);
      case "down": return this.#goDown(action.end);
      case "update": return this.#handOver(slot, action.message);
      case "refresh": return this.#owner.routeRefresh(action.request);
      default: return unreachable(action, "PeerSession");
    }
  }

  #connect(slot: Slot): void {
    const { address, port, localAddress, demands } = this.parameters;
    const resources = this.#slots[slot];
    resources.cancelDial = this.#environment.connector.connect({ address, port, localAddress, demands }, {
      connected: (connection) => {
        resources.cancelDial = undefined;
        this.#drive(slot, connection);
        this.#onConnection(slot, { name: "Tcp_CR_Acked" });
        resources.driver?.start();
      },
      failed: (why) => {
        resources.cancelDial = undefined;
        this.#onConnection(slot, { name: "TcpConnectionFails", why });
      },
    });
  }

  #adopt(slot: Slot): void {
    if (this.#offered !== undefined) this.#drive(slot, this.#offered);
    this.#offered = undefined;
  }

  #refuse(why: string, notification: Notification | undefined): void {
    const connection = this.#offered;
    this.#offered = undefined;
    this.#environment.onEvent({ event: "refused", why });
    if (notification === undefined) return connection?.destroy();
    connection?.write(encodeNotification(notification));
    connection?.end();
  }

  /** Puts a connection to work in its slot; it is read once the driver is started. */
  #drive(slot: Slot, connection: Connection): void {
    this.#slots[slot].driver = new ConnectionDriver(connection, this, slot, InputTurns.of(this.#environment));
    this.#lastLocalAddress = connection.localAddress;
  }

  framingFault(fault: Fault, slot: Slot): void {
    this.#onConnection(slot, { name: "BGPHeaderErr", fault });
  }

  lost({ why }: ConnectionEnd, slot: Slot): void {
    this.#onConnection(slot, { name: "TcpConnectionFails", why });
  }

  taken(pulledOctets: number, slot: Slot): void {
    if (pulledOctets > 0 && this.#up === slot) this.#owner.sent(pulledOctets);
  }

  progress(waiting: boolean, slot: Slot): void {
    this.#onConnection(slot, { name: "OutputProgress", waiting });
  }

  pull(pulledOctets: number, slot: Slot): Uint8Array | undefined {
    if (this.#up !== slot) return undefined;
    const octets = this.#owner.pull(pulledOctets);
    if (octets !== undefined) this.traffic.sent(octets);
    return octets;
  }

  message(message: Uint8Array, slot: Slot): void {
    this.traffic.received(message);
    const isRoutes = messageType(message) === MESSAGE.UPDATE && slot === this.#up;
    if (isRoutes && !this.#delivering) return this.#update(slot, message);
    this.#onConnection(slot, readEvent(this.#fsm, message, this.#environment));
  }

  #send(slot: Slot, bytes: Uint8Array): void {
    const { driver } = this.#slots[slot];
    if (driver === undefined) return;
    this.traffic.sent(bytes);
    driver.send(bytes);
  }

  #close(slot: Slot, notification: Notification | undefined): void {
    const resources = this.#slots[slot];
    resources.deadlines.clear();
    resources.cancelDial?.();
    resources.cancelDial = undefined;
    const { driver } = resources;
    if (driver !== undefined && notification !== undefined) this.#send(slot, encodeNotification(notification));
    resources.driver = undefined;
    if (notification === undefined) driver?.destroy();
    else driver?.end();
  }

  #arm(slot: Slot, { timer, seconds, jittered }: Extract<Action, { do: "arm" }>): void {
    const factor = jittered ? 0.75 + 0.25 * this.#environment.random() : 1;
    this.#armIn(this.#slots[slot].deadlines, timer, seconds * factor);
  }

  #armIn<Name extends string>(deadlines: Deadlines<Name>, name: Name, seconds: number): void {
    const at = after(this.#environment.clock.now(), seconds);
    deadlines.arm(name, at);
    this.#alarm.setBy(at);
  }

  #report({ end, of }: Extract<Action, { do: "report" }>): void {
    const another = this.#slots.some(({ driver }) => driver !== undefined); // a lost collision is not an error
    if (!another) this.#lastError = { ...end, at: this.#environment.clock.wallMilliseconds() };
    this.#environment.onEvent(of === "dial" ? { event: "dialFailed", why: end.text }
      : { event: "ended", end, established: of === "session" });
  }

  #goUp(slot: Slot, state: Extract<State, { name: "Established" }>): void {
    const driver = this.#slots[slot].driver;
    if (driver === undefined) return;
    const { remote, negotiated, incoming } = state;
    driver.framer.maxOctets = negotiated.extendedMessagesReceive ? EXTENDED_MESSAGE_OCTETS_MAX : MESSAGE_OCTETS_MAX;
    this.#up = slot;
    this.#note = undefined;
    const { localAddress, localPort, remoteAddress, remotePort } = driver.connection;
    this.#owner.up({
      negotiated, local: this.#fsm.local, remote, incoming, localAddress, localPort, remoteAddress, remotePort,
    });
    driver.pump();
  }

  #goDown(end: SessionEnd): void {
    this.#up = undefined;
    this.#flaps++;
    this.#owner.down(end);
  }

  /** Hot: an UPDATE in Established, nearly all messages, as fsm/cells.ts `update` has it but without its objects. */
  #update(slot: Slot, message: Uint8Array): void {
    this.#delivering = true;
    this.#handOver(slot, message);
    this.#heard = true;
    this.#delivering = false;
    const next = this.#pending.shift();
    if (next !== undefined) this.#deliverAll(next);
  }

  runOver(slot: Slot): void {
    const state = this.#session.connections[slot];
    const seconds = this.#heard && state.name === "Established" ? state.negotiated.holdTimeSeconds : 0;
    this.#heard = false;
    if (seconds > 0) this.#armIn(this.#slots[slot].deadlines, "HoldTimer", seconds);
  }

  #handOver(slot: Slot, message: Uint8Array): void {
    const fault = this.#owner.update(message);
    if (fault === undefined || !endsSession(fault)) return;
    // ahead of what the owner asked for meanwhile, which may put another connection into this slot
    this.#pending.unshift({ name: "Connection", slot, event: { name: "UpdateMsgErr", fault } });
  }

  before(): readonly number[] {
    return this.#slots.map(({ driver }) => driver?.octetsIn ?? 0);
  }

  ring(octetsInBefore: readonly number[]): void {
    const now = this.#environment.clock.now();
    for (const slot of SLOTS) {
      const due = (): Timer | undefined => takeDue(this.#slots[slot], now, octetsInBefore[slot]);
      for (let is = due(); is !== undefined; is = due()) this.#onConnection(slot, { name: `${is}_Expires` });
    }
    for (let due = this.#deadlines.takeDue(now); due !== undefined; due = this.#deadlines.takeDue(now)) {
      this.#deliver({ name: `${due}_Expires` });
    }
    const [first, second] = this.#slots;
    this.#alarm.setBy(earliest(this.#deadlines.next(), first.deadlines.next(), second.deadlines.next()));
  }
}
