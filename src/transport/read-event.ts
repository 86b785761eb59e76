/** Reads a message into an event of the machine. Rule: an exception on the way is our bug, and costs this session. */

import type { FsmParameters } from "../fsm/cells.ts";
import type { Event } from "../fsm/events.ts";
import { eventOf } from "../fsm/receive.ts";
import { CEASE } from "../messages/notification.ts";
import type { SessionEnvironment } from "./ports.ts";

/** The event of one whole message; where reading it throws, the end, with a word to the log. */
export function readEvent(parameters: FsmParameters, message: Uint8Array, environment: SessionEnvironment): Event {
  try {
    return eventOf(parameters, message);
  } catch (error) { // reading changes nothing, so nobody else has to suffer
    const stack = error instanceof Error ? error.stack ?? error.message : String(error);
    environment.onEvent({ event: "bug", stack, message: message.slice() });
    return { name: "AutomaticStop", subcode: CEASE.OUT_OF_RESOURCES, text: "internal error" };
  }
}
