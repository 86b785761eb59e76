/** What a session has to be, from what its neighbour is asked to be. */

import type { SessionParameters } from "../transport/ports.ts";
import { capabilitiesFor } from "./capabilities.ts";
import type { Peer } from "./peer.ts";
import { demandsOf } from "./socket-demands.ts";
import type { Speaker } from "./speaker.ts";

/** The parameters of a neighbour's session. */
export function parametersOf(speaker: Speaker, peer: Peer): SessionParameters {
  const { intent, address, port } = peer;
  const { sockets } = speaker.environment;
  const { restarts } = speaker;
  const bits = { restarting: restarts.isRestarting(peer), forwarding: restarts.isForwarding(peer) };
  const demands = demandsOf(intent);
  const isDialled = !intent.passive && (typeof demands !== "object" || sockets.dials(demands));
  return {
    name: peer.name, address, port, passive: !isDialled || speaker.neighbours.isTaken(peer),
    asNumber: intent.asNumber,
    ...(intent.localAddress === undefined ? {} : { localAddress: intent.localAddress }),
    localAsNumber: intent.localAsNumber, routerId: speaker.speaker.routerId, holdTimeSeconds: intent.holdTimeSeconds,
    keepaliveTimeSeconds: intent.keepaliveTimeSeconds, connectRetrySeconds: intent.connectRetrySeconds,
    idleHoldSeconds: intent.idleHoldSeconds, role: intent.role, roleStrict: intent.roleStrict,
    capabilities: capabilitiesFor(intent, bits), families: intent.families,
    ...(typeof demands === "string" ? { unavailable: demands } : demands && {
      demands, unavailable: sockets.refuses(intent.name, demands),
    }),
  };
}
