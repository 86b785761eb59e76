/** Messages become events. Rule: reading and judging change nothing, so a bug here costs one session at most. */

import { EMPTY } from "../base/bytes.ts";
import { isFault } from "../messages/fault.ts";
import { MESSAGE, messageType } from "../messages/header.ts";
import { negotiate } from "../messages/negotiation.ts";
import { decodeNotification } from "../messages/notification.ts";
import { decodeOpen, validateOpen } from "../messages/open.ts";
import { decodeRouteRefresh } from "../messages/route-refresh.ts";
import type { FsmParameters } from "./cells.ts";
import type { Event } from "./events.ts";

/** The event that a whole, framed message is. Its header has been checked (messages/framer.ts). */
export function eventOf(parameters: FsmParameters, message: Uint8Array): Event {
  switch (messageType(message)) {
    case MESSAGE.OPEN: return openEvent(parameters, message);
    case MESSAGE.UPDATE: return { name: "UpdateMsg", message };
    case MESSAGE.NOTIFICATION: return notificationEvent(message);
    case MESSAGE.KEEPALIVE: return { name: "KeepAliveMsg" };
    default: return refreshEvent(message);
  }
}

/** Whether a collision holds its KEEPALIVE back is judged where both connections are known (session.ts). */
function openEvent(parameters: FsmParameters, message: Uint8Array): Event {
  const remote = decodeOpen(message);
  if (isFault(remote)) return { name: "BGPOpenMsgErr", fault: remote };
  const fault = validateOpen(remote, parameters.expected);
  if (fault !== undefined) return { name: "BGPOpenMsgErr", fault };
  return { name: "BGPOpen", remote, negotiated: negotiate(parameters.local, remote), heldBack: undefined };
}

/** A NOTIFICATION that cannot be read ends the session all the same; it is never answered (RFC 4271 §6.4). */
function notificationEvent(message: Uint8Array): Event {
  const read = decodeNotification(message);
  const notification = isFault(read) ? { code: 0, subcode: 0, data: EMPTY } : read;
  const version = notification.code === 2 && notification.subcode === 1;
  return { name: version ? "NotifMsgVerErr" : "NotifMsg", notification };
}

function refreshEvent(message: Uint8Array): Event {
  const request = decodeRouteRefresh(message);
  return isFault(request) ? { name: "RouteRefreshMsgErr", fault: request } : { name: "RouteRefreshMsg", request };
}
