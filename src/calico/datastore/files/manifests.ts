/** One file of resources, or a folder of them, as it is now. */

import { promises } from "node:fs";
import type { BigIntStats } from "node:fs";
import { join } from "node:path";
import { whyUnreadable } from "../../../base/unreadable.ts";
import { FaultList } from "../../../config/fault.ts";
import type { JsonValue } from "../../../config/json.ts";
import { readDocuments } from "../../documents.ts";
import { YAML_TEXT_MAX } from "../../yaml/read.ts";
import type { ResourceFault } from "../../resources/model.ts";
import { kindOf, qualifiedNameOf } from "../../resources/raw.ts";

/** What a folder is read for. Names with a leading dot are those of editors, and of what Kubernetes mounts. */
const MANIFEST = /^(?!(?:.*\/)?\.).*\.(?:ya?ml|json)$/;
/** More octets than this are more characters than a text may have. */
const OCTETS_MAX = 3 * YAML_TEXT_MAX;

/** What one file said when it was last read. */
export interface Manifest {
  /** Another one means other content. */
  readonly stamp: string;
  /** Those of the last reading without a mistake of syntax. */
  readonly documents: readonly JsonValue[];
  readonly faults: readonly ResourceFault[];
}

/** Whether a folder is read for a file of this name. */
export function isManifest(name: string): boolean {
  return MANIFEST.test(name);
}

/**
 * The file, or the manifests of a folder in order of their names, those of its folders too where `recursive`. Throws
 * what the system says.
 */
export async function manifestsOf(path: string, recursive = false): Promise<readonly string[]> {
  if (!(await promises.stat(path)).isDirectory()) return [path];
  return (await promises.readdir(path, { recursive })).filter(isManifest).sort().map((name) => join(path, name));
}

/** The stamp of a file that is gone. */
const GONE = "gone";

/**
 * Reads a file that has changed since `before` and not since it was looked at last: a text instead is the stamp that it
 * has now, for the next look, as whoever writes to it may not have done. So is a file that goes taken for gone at the
 * second look only (undefined). After a mistake of syntax its last good documents stay: it may be half written all the
 * same, as it may be when it is empty (a shell empties a file before the command that fills it has begun).
 */
export async function readManifest(
  path: string, before: Manifest | undefined, lastStamp: string | undefined,
): Promise<Manifest | string | undefined> {
  try {
    const stats = await promises.stat(path, { bigint: true });
    const stamp = stampOf(stats);
    if (stamp === before?.stamp) return before;
    if (stamp !== lastStamp) return stamp;
    if (!stats.isFile()) return refused(path, stats, before, "is no file");
    if (stats.size > OCTETS_MAX) return refused(path, stats, before, `has more than ${OCTETS_MAX} octets`);
    if (stats.size === 0n && before !== undefined && before.documents.length > 0) {
      return refused(path, stats, before, "is empty; its last good content counts");
    }
    const text = await promises.readFile(path, "utf8");
    const stampAfter = stampOf(await promises.stat(path, { bigint: true }));
    return stampAfter === stamp ? parsed(path, stamp, text, before) : stampAfter;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return lastStamp === GONE ? undefined : GONE;
    return { stamp: "", documents: before?.documents ?? [], faults: [faultOf(path, "", whyUnread(error))] };
  }
}

function parsed(path: string, stamp: string, text: string, before: Manifest | undefined): Manifest {
  const faults = new FaultList(path, text);
  const documents = readDocuments(text, faults);
  if (faults.count === 0) return { stamp, documents, faults: [] };
  const counts = before === undefined ? "its other documents count" : "its last good content counts";
  const found = faults.all().map(({ line, column, path: where, what, todo }) =>
    faultOf(path, `${line}:${column} ${where}`, `${what} (${todo}); ${counts}`));
  return { stamp, documents: before?.documents ?? documents, faults: found };
}

function refused(path: string, stats: BigIntStats, before: Manifest | undefined, why: string): Manifest {
  return { stamp: stampOf(stats), documents: before?.documents ?? [], faults: [faultOf(path, "", why)] };
}

/** What the system said, without the path that stands beside it. What is no answer of the system is a bug: thrown. */
export function whyUnread(error: unknown): string {
  if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  return `cannot be read: ${whyUnreadable(error as NodeJS.ErrnoException)}`;
}

/** A fault of a file stands among those of resources under this kind. */
export function faultOf(path: string, field: string, why: string): ResourceFault {
  return { kind: "File", name: path, field, why };
}

/** As the store calls it; undefined for what is no resource. */
export function identityOf(value: JsonValue): { readonly kind: string; readonly name: string } | undefined {
  const [kind, name] = [kindOf(value), qualifiedNameOf(value)];
  return kind === "" || name === undefined ? undefined : { kind, name };
}

/** What is said of a resource that two places give: these files, or a file twice. */
export function twice(before: string, file: string): string {
  if (before === file) return "is twice in its file; the last one counts";
  return `is also in ${before}; the one in ${file} counts`;
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
