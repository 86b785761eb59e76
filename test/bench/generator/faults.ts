/**
 * Faults of a daemon, planted between it and a client: what the generator must find. Rule: IPv4 of the uniform load
 * without ADD-PATH; every fault is a row.
 */

const HEADER_OCTETS = 19;
const UPDATE = 2;
const NLRI_OCTETS = 5;
const CODE = { NEXT_HOP: 3, MED: 4, LOCAL_PREF: 5, COMMUNITIES: 8, ORIGINATOR_ID: 9, CLUSTER_LIST: 10 } as const;

/** What a fault knows of the connection. */
export interface Connection {
  readonly client: number;
  /** Prefixes of each source. */
  readonly each: number;
  /** Messages that announce, and that withdraw, before the one at hand. */
  announcements: number;
  withdrawals: number;
  kept: Buffer | undefined;
  /** Says something more when all is quiet. */
  later(bytes: Buffer): void;
}

/** Answers what is said instead of an UPDATE with prefixes. */
export type Fault = (update: Buffer, connection: Connection) => readonly Buffer[];

interface Parts { readonly withdrawn: Buffer; readonly attributes: Buffer; readonly nlri: Buffer }

function partsOf(update: Buffer): Parts {
  const attributesAt = HEADER_OCTETS + 4 + update.readUInt16BE(HEADER_OCTETS);
  const nlriAt = attributesAt + update.readUInt16BE(attributesAt - 2);
  return { withdrawn: update.subarray(HEADER_OCTETS + 2, attributesAt - 2),
    attributes: update.subarray(attributesAt, nlriAt), nlri: update.subarray(nlriAt) };
}

function updateOf({ withdrawn, attributes, nlri }: Parts): Buffer {
  const length = (part: Buffer): Buffer => Buffer.from([part.length >>> 8, part.length & 255]);
  const body = Buffer.concat([length(withdrawn), withdrawn, length(attributes), attributes, nlri]);
  const header = Buffer.alloc(HEADER_OCTETS, 0xff);
  header.writeUInt16BE(HEADER_OCTETS + body.length, 16);
  header[18] = UPDATE;
  return Buffer.concat([header, body]);
}

/** The octets of one prefix are cut out. */
function without(nlri: Buffer, index: number): Buffer {
  return Buffer.concat([nlri.subarray(0, index * NLRI_OCTETS), nlri.subarray((index + 1) * NLRI_OCTETS)]);
}

/** Changes an attribute's value; undefined removes the attribute. */
function edited(attributes: Buffer, code: number, change: (value: Buffer) => Buffer | undefined): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < attributes.length;) {
    const isLong = (attributes[at]! & 0x10) !== 0;
    const valueAt = at + (isLong ? 4 : 3);
    const end = valueAt + (isLong ? attributes.readUInt16BE(at + 2) : attributes[at + 2]!);
    const whole = attributes.subarray(at, end);
    const value = attributes[at + 1] === code ? change(Buffer.from(attributes.subarray(valueAt, end))) : undefined;
    if (attributes[at + 1] !== code) parts.push(whole);
    else if (value !== undefined) parts.push(attributes.subarray(at, valueAt), value);
    at = end;
  }
  return Buffer.concat(parts);
}

function medOf(update: Buffer): Buffer {
  let med: Buffer = Buffer.alloc(0);
  edited(partsOf(update).attributes, CODE.MED, (value) => (med = value));
  return med;
}

/** A reflector's attributes (RFC 4456 §8): ORIGINATOR_ID by the next hop, and a CLUSTER_LIST of 192.0.2.1. */
export const reflection: Fault = (update) => {
  const parts = partsOf(update);
  if (parts.nlri.length === 0) return [update];
  let client = 0;
  edited(parts.attributes, CODE.NEXT_HOP, (value) => {
    client = value.readUInt32BE() - 0x0a01_0001;
    return value;
  });
  const added = Buffer.from([0x80, CODE.ORIGINATOR_ID, 4, 127, 11, 0, client + 1, 0x80, CODE.CLUSTER_LIST, 4,
    192, 0, 2, 1]);
  return [updateOf({ ...parts, attributes: Buffer.concat([parts.attributes, added]) })];
};

const plusOne = (value: Buffer): Buffer => {
  value.writeUInt32BE(value.readUInt32BE(value.length - 4) + 1, value.length - 4);
  return value;
};

/** The fault in the attributes of the third announcement. */
const inAttribute = (code: number, change: (value: Buffer) => Buffer | undefined): Fault => (update, connection) => {
  const parts = partsOf(update);
  if (parts.nlri.length === 0 || connection.announcements !== 2) return [update];
  return [updateOf({ ...parts, attributes: edited(parts.attributes, code, change) })];
};

/** The fault in the third announcement. */
const inAnnouncement = (change: (update: Buffer, connection: Connection) => readonly Buffer[]): Fault =>
  (update, connection) => partsOf(update).nlri.length > 0 && connection.announcements === 2
    ? change(update, connection) : [update];

const prefixOctets = (n: number): Buffer => {
  const octets = Buffer.alloc(NLRI_OCTETS);
  octets[0] = 26;
  octets.writeUInt32BE(0x1000_0000 + n * 64, 1);
  return octets;
};

/** By what the daemon does wrong. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  "drops one prefix": inAnnouncement((update) => {
    const parts = partsOf(update);
    return [updateOf({ ...parts, nlri: without(parts.nlri, 1) })];
  }),
  "tells a client its own route": inAnnouncement((update, { client, each }) => {
    const parts = partsOf(update);
    const attributes = edited(parts.attributes, CODE.NEXT_HOP, (value) => {
      value.writeUInt32BE(0x0a01_0001 + client);
      return value;
    });
    return [update, updateOf({ ...parts, attributes, nlri: prefixOctets(client * each) })];
  }),
  "leaves a withdrawn prefix": (update, { withdrawals }) => {
    const parts = partsOf(update);
    if (parts.withdrawn.length === 0 || withdrawals > 0) return [update];
    return [updateOf({ ...parts, withdrawn: without(parts.withdrawn, 0) })];
  },
  "says a MED that nobody said": inAttribute(CODE.MED, plusOne),
  "says no MED": inAttribute(CODE.MED, () => undefined),
  "says a next hop of another": inAttribute(CODE.NEXT_HOP, plusOne),
  "says another LOCAL_PREF": inAttribute(CODE.LOCAL_PREF, plusOne),
  "says the community of another route": inAttribute(CODE.COMMUNITIES, plusOne),
  "loses the communities": inAttribute(CODE.COMMUNITIES, () => undefined),
  "loses ORIGINATOR_ID": inAttribute(CODE.ORIGINATOR_ID, () => undefined),
  "says an ORIGINATOR_ID of another": inAttribute(CODE.ORIGINATOR_ID, plusOne),
  "loses CLUSTER_LIST": inAttribute(CODE.CLUSTER_LIST, () => undefined),
  "says one prefix twice": inAnnouncement((update) => {
    const parts = partsOf(update);
    return [update, updateOf({ ...parts, nlri: parts.nlri.subarray(0, NLRI_OCTETS) })];
  }),
  "says one prefix twice instead of another": inAnnouncement((update) => {
    const parts = partsOf(update);
    return [updateOf({ ...parts, nlri: Buffer.concat([parts.nlri.subarray(0, NLRI_OCTETS), without(parts.nlri, 1)]) })];
  }),
  "stops half way": (update, { announcements }) => announcements < 3 ? [update] : [],
  "never says the last prefix of a source": (update, { each }) => {
    const { nlri } = partsOf(update);
    if (nlri.length === 0) return [update];
    return (nlri.readUInt32BE(1) - 0x1000_0000) / 64 % each === each - 1 ? [] : [update];
  },
  "says an old version last": (update, connection) => {
    const { nlri } = partsOf(update);
    if (nlri.length === 0) return [update];
    connection.kept ??= Buffer.from(update);
    if (!medOf(connection.kept).equals(medOf(update))) {
      connection.later(connection.kept);
      connection.kept = Buffer.from(update);
    }
    return [update];
  },
  "says a prefix that there is not": inAnnouncement((update) => {
    const parts = partsOf(update);
    return [update, updateOf({ ...parts, nlri: prefixOctets(0x10_0000) })];
  }),
  "withdraws a prefix that there is": inAnnouncement((update) => {
    const parts = partsOf(update);
    return [update, updateOf({ withdrawn: parts.nlri.subarray(0, NLRI_OCTETS), attributes: Buffer.alloc(0),
      nlri: Buffer.alloc(0) })];
  }),
  "says attributes longer than the message": inAnnouncement((update) => {
    const broken = Buffer.from(update);
    broken.writeUInt16BE(0xfff0, HEADER_OCTETS + 2);
    return [update, broken];
  }),
  "says a message of no length": inAnnouncement((update) => {
    const broken = Buffer.from(update);
    broken.writeUInt16BE(0, 16);
    return [update, broken];
  }),
};

/** Takes what a daemon writes to a client and answers what the client is to read. */
export function planted(fault: Fault, connection: Connection): (bytes: Buffer) => Buffer {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    const input = Buffer.concat([rest, bytes]);
    const parts: Buffer[] = [];
    let at = 0;
    while (at + HEADER_OCTETS <= input.length && at + input.readUInt16BE(at + 16) <= input.length) {
      const end = at + input.readUInt16BE(at + 16);
      const message = input.subarray(at, end);
      at = end;
      if (message[18] !== UPDATE) parts.push(message);
      else {
        const { withdrawn, nlri } = partsOf(message);
        parts.push(...fault(message, connection));
        if (nlri.length > 0) connection.announcements++;
        if (withdrawn.length > 0) connection.withdrawals++;
      }
    }
    rest = Buffer.from(input.subarray(at));
    return Buffer.concat(parts);
  };
}
