/**
 * How much work is done at once and how far a member may fall behind. Rule: every bound of the way out is here, so that
 * a test can make them small enough to be reached.
 */

/** The bounds of one reflector. */
export interface ReflectorLimits {
  /** A live member with this much unread goes on alone. */
  readonly lagOctetsMax: number;
  /** A rider of a common feed with this much unread goes on alone. */
  readonly ringOctetsMax: number;
  /** Octets of a common feed that are kept for those who join later: more would stay with the process (malloc). */
  readonly ringOctetsKept: number;
  /** Once more than this was written under a stamp the next flush has a new one, so that stamps stay fine-grained. */
  readonly epochOctetsMax: number;
  /** Prefixes decided in one whole slice, and prefixes evaluated for a new group. */
  readonly prefixesPerSlice: number;
  /** Prefixes decided until members are woken though more are waiting: each time costs every member a write. */
  readonly prefixesPerWake: number;
  /** So many octets for a group wake its members before that: a write carries no more. */
  readonly octetsPerWake: number;
  /** So many prefixes decided in one slice are of a stream: more may be on its way. */
  readonly prefixesOfStream: number;
  /** To wake so many members takes longer than to look whether more is coming. */
  readonly membersOfCrowd: number;
  /** Octets handed out to members in one whole slice, after which the others wait for the next one. */
  readonly octetsPerSlice: number;
  /** What takes as long as so many octets to send: to hand out anything at all, and to decide and tell one prefix. */
  readonly octetsPerPull: number;
  readonly octetsPerPrefix: number;
  /** Members woken between two looks at the clock. */
  readonly wakesPerLook: number;
  /** Rows freed in one slice. */
  readonly reapedPerSlice: number;
  /** Dead rows, beside two for each live path, that may wait for a member that has not been told of them. */
  readonly deadRowsMax: number;
  /** Slots looked at in one step of a common feed, and of a member's own delta, where most have nothing to say. */
  readonly feedSlotsPerStep: number;
  readonly deltaSlotsPerStep: number;
  /** Routes that end a step of either earlier. */
  readonly routesPerStep: number;
  /** Steps that bring a member nothing before others get their turn. */
  readonly stepsPerCall: number;
  /** Steps of a common feed between two looks at who lags. */
  readonly stepsPerLagCheck: number;
}

/** What the daemon runs with. */
export const REFLECTOR_LIMITS: ReflectorLimits = {
  lagOctetsMax: 1_048_576,
  ringOctetsMax: 8_388_608,
  ringOctetsKept: 1_048_576,
  epochOctetsMax: 32_768,
  prefixesPerSlice: 16_384,
  prefixesPerWake: 65_536,
  octetsPerWake: 163_840,
  prefixesOfStream: 1_024,
  membersOfCrowd: 64,
  octetsPerSlice: 8_388_608,
  octetsPerPull: 8_192,
  octetsPerPrefix: 512,
  wakesPerLook: 16,
  reapedPerSlice: 16_384,
  deadRowsMax: 4_194_304,
  feedSlotsPerStep: 16_384,
  deltaSlotsPerStep: 65_536,
  routesPerStep: 4_096,
  stepsPerCall: 8,
  stepsPerLagCheck: 16,
};
