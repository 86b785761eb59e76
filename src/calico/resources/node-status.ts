/** CalicoNodeStatus: what a node is asked to report of itself (calico.md 8.4). What it reported is not read. */

import { STATUS_CLASSES } from "./model.ts";
import type { CalicoNodeStatus } from "./model.ts";
import type { Envelope } from "./envelope.ts";

const PERIOD_SECONDS = 10;
const PERIOD_SECONDS_MAX = 86_400;

/** A CalicoNodeStatus; undefined for one that names no node. */
export function readNodeStatus({ name, root }: Envelope): CalicoNodeStatus | undefined {
  const spec = root.object("spec");
  const node = spec.needed("node");
  if (node === undefined) return undefined;
  const classes = spec.texts("classes");
  for (const [at, word] of classes.entries()) {
    const isKnown = STATUS_CLASSES.some((known) => known === word);
    if (!isKnown) spec.fault(`classes[${at}]`, `is none of ${STATUS_CLASSES.join(", ")}`);
  }
  return {
    name, node, classes: STATUS_CLASSES.filter((known) => classes.includes(known)),
    updatePeriodSeconds: spec.whole("updatePeriodSeconds", 0, PERIOD_SECONDS_MAX) ?? PERIOD_SECONDS,
  };
}
