/**
 * The numbers that stand for things in the tables. Rule: 0 is none, real ids start at 1, are dense, and are used again
 * only after their release; the brands stop mix-ups and cost nothing.
 */

declare const unit: unique symbol;

/** A prefix of one family's PrefixTable. */
export type PrefixId = number & { readonly [unit]: "PrefixId" };
/** An attribute set with its next hop, in the AttributeStore. */
export type AttributesId = number & { readonly [unit]: "AttributesId" };
/** A row of one family's path table: (prefix, peer, received path id). */
export type PathIndex = number & { readonly [unit]: "PathIndex" };
/** A peer in the PeerTable. */
export type PeerId = number & { readonly [unit]: "PeerId" };

/** No prefix. */
export const NO_PREFIX: PrefixId = 0 as PrefixId;
/** No attribute set: the path is filtered out, or dead. */
export const NO_ATTRIBUTES: AttributesId = 0 as AttributesId;
/** No path. */
export const NO_PATH: PathIndex = 0 as PathIndex;
/** No peer. */
export const NO_PEER: PeerId = 0 as PeerId;
/** The peer of the routes that we originate. */
export const OWN_PEER: PeerId = 1 as PeerId;
