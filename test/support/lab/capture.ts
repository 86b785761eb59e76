/**
 * An independent reading of every byte: tcpdump on a node's cable, then tshark. Rule: a fault is either listed by the
 * bytes of its message, with a reason, or it is a finding; and a capture without messages is no evidence.
 */

import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ACCEPTED } from "./accepted.ts";
import type { LabNode } from "./lab.ts";
import { inside } from "./lab.ts";
import { Background, must } from "./processes.ts";
import { pause, waitFor } from "./waiting.ts";

/** A packet that tshark faults. */
export interface Finding {
  readonly frame: number;
  readonly said: string;
  /** The TCP payload, reassembled where the message spans segments, in hex. */
  readonly hex: string;
}

/** What a capture holds of one sender. */
export interface Dissection {
  /** Messages by BGP type: 1 OPEN … 5 ROUTE-REFRESH. */
  readonly messages: Readonly<Record<number, number>>;
  readonly findings: readonly Finding[];
}

/** How long the kernel may keep packets before it hands tcpdump a block that is not full, and a little more. */
const BLOCK_TIMEOUT_MS = 1200;
const MARKER = "f".repeat(32);

/** A capture that runs until `finish`. */
export interface Capture {
  readonly file: string;
  finish(): Promise<void>;
}

/** Starts capturing everything BGP on a node's cable and waits until tcpdump listens. */
export async function capture(node: LabNode, port: number = 179): Promise<Capture> {
  const { lab } = node;
  const file = join(lab.folder, `${node.name}.pcap`);
  // Not in immediate mode: its ring has a slot of the snapshot length per packet, and a flood would overrun it.
  const words = ["tcpdump", "-Z", "root", "-U", "-B", "16384", "-i", node.hubInterface, "-w", file,
    "tcp", "port", String(port)];
  const tcpdump = lab.adopt(`tcpdump ${node.name}`,
    new Background(inside(lab.hubNamespace, words), join(lab.folder, `${node.name}.tcpdump.log`)));
  await waitFor(lab, "tcpdump to listen", () => tcpdump.tail(), (text) => text.includes("listening on"));
  return {
    file,
    async finish() {
      await pause(BLOCK_TIMEOUT_MS);
      tcpdump.signal("SIGINT");
      await tcpdump.ended;
      if (!/\b0 packets dropped by kernel/.test(tcpdump.tail())) throw new Error(`capture: ${tcpdump.tail()}`);
    },
  };
}

/** Expert groups that speak about the bytes of a message, and not about TCP: see `epan/proto.h`. */
const GROUPS = new Set([0x05000000 /* undecoded */, 0x07000000 /* malformed */, 0x09000000 /* protocol */]);
const SEVERITY_WARNING = 0x00600000;

/** Reads what the addresses sent through tshark; mistakes of its own (see `ACCEPTED`) are left out. */
export async function dissect(file: string, senders: readonly string[], port: number = 179): Promise<Dissection> {
  const { messages, findings } = await read(file, senders, port);
  const kept: Finding[] = [];
  for (const finding of findings) {
    if (!(await isExcused(finding, join(dirname(file), "one-by-one.pcap")))) kept.push(finding);
  }
  return { messages, findings: kept };
}

/** True when every message that tshark faults by itself is one that it is known to misread. */
async function isExcused(finding: Finding, scratch: string): Promise<boolean> {
  writeCapture(scratch, messagesOf(finding.hex).map((hex) => Buffer.from(hex, "hex")));
  const alone = (await read(scratch, [WRITER], 179)).findings;
  return alone.length > 0 && alone.every(({ said, hex }) =>
    ACCEPTED.some((one) => one.said.test(said) && one.excuses(Buffer.from(hex, "hex"))));
}

async function read(file: string, senders: readonly string[], port: number): Promise<Dissection> {
  const from = senders.map((address) => `${address.includes(":") ? "ipv6" : "ip"}.src == ${address}`).join(" || ");
  const fields = ["frame.number", "bgp.type", "_ws.expert.message", "_ws.expert.severity", "_ws.expert.group",
    "tcp.reassembled.data", "tcp.payload"];
  const out = await must(["tshark", "-n", "-r", file, "-d", `tcp.port==${port},bgp`,
    "-o", "tcp.desegment_tcp_streams:TRUE", "-Y", `(bgp || _ws.malformed) && (${from})`,
    "-T", "fields", "-E", "separator=/t", "-E", "aggregator=|", ...fields.flatMap((field) => ["-e", field])]);
  const messages: Record<number, number> = {};
  const findings: Finding[] = [];
  for (const line of out.split("\n")) {
    if (line === "") continue;
    const [frame, types, texts, severities, groups, reassembled, payload] = line.split("\t");
    for (const type of list(types)) messages[Number(type)] = (messages[Number(type)] ?? 0) + 1;
    const faults = list(texts).filter((_, index) => isFault(list(severities)[index], list(groups)[index]));
    const hex = `${reassembled ?? ""}${reassembled === "" ? payload ?? "" : ""}`;
    if (faults.length > 0) findings.push({ frame: Number(frame), said: faults.join("; "), hex });
  }
  return { messages, findings };
}

function list(field: string | undefined): string[] {
  return field === undefined || field === "" ? [] : field.split("|");
}

function isFault(severity: string | undefined, group: string | undefined): boolean {
  return Number(severity) >= SEVERITY_WARNING && GROUPS.has(Number(group));
}

/** The BGP messages of a payload, each in hex, cut at their markers. */
export function messagesOf(hex: string): string[] {
  const found: string[] = [];
  for (let at = hex.indexOf(MARKER); at >= 0 && at + 36 <= hex.length;) {
    const length = parseInt(hex.slice(at + 32, at + 36), 16) * 2;
    found.push(hex.slice(at, at + length));
    at = length === 0 ? -1 : hex.indexOf(MARKER, at + length);
  }
  return found;
}

/** Source address of `writeCapture`. */
const WRITER = "192.0.2.1";

/** Writes a capture of payloads sent in a row over one TCP connection from 192.0.2.1, port 179. */
export function writeCapture(file: string, payloads: readonly Uint8Array[]): void {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(101, 20); // LINKTYPE_RAW: packets begin with the IP header
  let sequence = 1;
  const records = payloads.map((payload) => {
    const packet = Buffer.concat([ipv4Header(payload.length), tcpHeader(sequence), payload]);
    sequence += payload.length;
    const record = Buffer.alloc(16);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    return Buffer.concat([record, packet]);
  });
  writeFileSync(file, Buffer.concat([header, ...records]));
}

function ipv4Header(payloadOctets: number): Buffer {
  const header = Buffer.from("450000000000000040060000c0000201c0000202", "hex");
  header.writeUInt16BE(40 + payloadOctets, 2);
  return header;
}

function tcpHeader(sequence: number): Buffer {
  const header = Buffer.from("00b3c00000000000000000015010ffff00000000", "hex");
  header.writeUInt32BE(sequence, 4);
  return header;
}
