/** Why a request to the API server did not get what it asked for, as a value. */

import { printableText } from "../../../base/printable.ts";
import type { JsonValue } from "../../../config/json.ts";
import { memberOf, textOf } from "../../resources/raw.ts";

/** A request that failed. */
export interface Failure {
  /** One clause, for people. */
  readonly why: string;
  /** The HTTP status, or the code of the Status that a watch ended with; undefined where nobody answered. */
  readonly status: number | undefined;
  /** The server asks to wait so long; 0 where it does not. */
  readonly retryAfterSeconds: number;
}

const MESSAGE_CHARACTERS_MAX = 300;

/** Nobody answered, or the answer makes no sense. */
export function failed(why: string, status?: number): Failure {
  return { why: printableText(why.slice(0, MESSAGE_CHARACTERS_MAX)), status, retryAfterSeconds: 0 };
}

/** The server refused: what its Status says, after the number. */
export function refused(status: number, said: JsonValue | undefined, retryAfterSeconds: number = 0): Failure {
  const message = textOf(said, "message");
  const asked = memberOf(said, "details", "retryAfterSeconds");
  const seconds = typeof asked === "number" && asked > 0 ? asked : 0;
  return {
    ...failed(`${status}${message === "" ? "" : ` ${message}`}`, status),
    retryAfterSeconds: Math.max(retryAfterSeconds, seconds),
  };
}
