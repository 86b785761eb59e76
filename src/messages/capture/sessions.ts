/**
 * BGP sessions in a packet capture. Rule: any TCP connection may be one; what both OPENs agreed, where both were
 * captured, decides how the messages of each direction are read, as it does between the speakers.
 */

import type { OpenMessage } from "../open.ts";
import { decodeOpen } from "../open.ts";
import { isFault } from "../fault.ts";
import { EXTENDED_MESSAGE_OCTETS_MAX, MESSAGE, MESSAGE_OCTETS_MAX, messageType } from "../header.ts";
import { negotiate } from "../negotiation.ts";
import type { CaptureContext, CaptureItem, Sighting } from "./item.ts";
import { DEFAULT_CONTEXT, endpoint, isoTime } from "./item.ts";
import type { TcpSegment } from "./link.ts";
import { readFrame } from "./link.ts";
import { MessageStream } from "./message-stream.ts";
import { readPackets } from "./pcap.ts";
import type { StreamChunk } from "./tcp-stream.ts";
import { TcpStream } from "./tcp-stream.ts";

/** What one end of a connection sends. */
interface Direction {
  readonly from: string;
  readonly to: string;
  readonly stream: TcpStream;
  messages: MessageStream;
  open: OpenMessage | undefined;
}
type Connections = Map<string, Map<string, Direction>>;

const BGP_PORT = 179;

/** Every BGP message of a pcap or pcapng file, in the order in which the capture completes them. */
export function* readPcap(file: Uint8Array): Generator<CaptureItem> {
  const connections: Connections = new Map();
  let fragments = 0;
  for (const packet of readPackets(file)) {
    if (packet.kind === "damaged") {
      yield { kind: "passed-over", why: packet.why, sighting: {} };
      continue;
    }
    const segment = readFrame(packet.linkType, packet.bytes);
    if (segment === "fragment") fragments++;
    else if (segment !== "other") yield* readSegment(connections, segment, isoTime(packet.milliseconds));
  }
  yield* finish(connections);
  if (fragments > 0) yield { kind: "passed-over", why: `${fragments} IP fragments are not put together`, sighting: {} };
}

function* readSegment(all: Connections, segment: TcpSegment, time: string | undefined): Generator<CaptureItem> {
  const from = endpoint(segment.source, segment.sourcePort);
  const to = endpoint(segment.destination, segment.destinationPort);
  const key = from < to ? `${from} ${to}` : `${to} ${from}`;
  let connection = all.get(key);
  const opens = segment.syn && segment.acknowledged === undefined;
  if (connection === undefined || (opens && !connection.get(from)!.stream.startedAt(segment.sequence))) {
    connection = new Map([[from, direction(from, to)], [to, direction(to, from)]]);
    all.set(key, connection);
  }
  const sender = connection.get(from)!;
  const receiver = connection.get(to) ?? sender; // an endpoint may talk to itself
  if (segment.syn && !sender.stream.startedAt(segment.sequence)) {
    sender.stream.start(segment.sequence);
    sender.messages = new MessageStream(segment.sourcePort === BGP_PORT || segment.destinationPort === BGP_PORT);
  }
  if (segment.acknowledged !== undefined) {
    yield* readChunks(receiver, sender, receiver.stream.acknowledged(segment.acknowledged), time);
  }
  const sequence = (segment.sequence + (segment.syn ? 1 : 0)) >>> 0;
  yield* readChunks(sender, receiver, sender.stream.push(sequence, segment.payload), time);
}

const direction = (from: string, to: string): Direction =>
  ({ from, to, stream: new TcpStream(), messages: new MessageStream(false), open: undefined });

function* readChunks(sender: Direction, receiver: Direction, chunks: readonly StreamChunk[], time: string | undefined):
Generator<CaptureItem> {
  const sighting = { ...(time === undefined ? {} : { time }), from: sender.from, to: sender.to };
  for (const chunk of chunks) {
    for (const message of sender.messages.push(chunk)) {
      if (isFault(message)) yield { kind: "fault", fault: message, sighting };
      else yield readMessage(sender, receiver, message, sighting);
    }
  }
}

function readMessage(sender: Direction, receiver: Direction, message: Uint8Array, sighting: Sighting): CaptureItem {
  if (messageType(message) === MESSAGE.OPEN) {
    const open = decodeOpen(message);
    sender.open = isFault(open) ? undefined : open;
    limitBoth(sender, receiver);
  }
  return { kind: "message", message, context: contextOf(sender, receiver), sighting };
}

/** How `receiver` reads what `sender` writes. */
function contextOf(sender: Direction, receiver: Direction): CaptureContext {
  if (sender.open === undefined || receiver.open === undefined) return DEFAULT_CONTEXT;
  const { fourOctetAs, addPathReceive } = negotiate(receiver.open, sender.open);
  return { ebgp: sender.open.asNumber !== receiver.open.asNumber, fourOctetAs, addPath: addPathReceive };
}

function limitBoth(a: Direction, b: Direction): void {
  if (a.open === undefined || b.open === undefined) return;
  const octets = (offered: boolean): number => (offered ? EXTENDED_MESSAGE_OCTETS_MAX : MESSAGE_OCTETS_MAX);
  a.messages.limit(octets(negotiate(b.open, a.open).extendedMessagesReceive));
  b.messages.limit(octets(negotiate(a.open, b.open).extendedMessagesReceive));
}

/** What the capture held back or cut short. */
function* finish(all: Connections): Generator<CaptureItem> {
  for (const connection of all.values()) {
    const directions = [...connection.values()];
    for (const [i, sender] of directions.entries()) {
      const receiver = directions[1 - i] ?? sender;
      yield* readChunks(sender, receiver, sender.stream.flush(), undefined);
      const octets = sender.messages.unfinishedOctets;
      if (octets === 0) continue;
      const why = `the capture ends ${octets} octets into a message`;
      yield { kind: "passed-over", why, sighting: { from: sender.from, to: sender.to } };
    }
  }
}
