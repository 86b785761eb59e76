/**
 * The access that a kubeconfig gives: its current context's cluster and user. Rule: what we cannot do is refused by
 * name, never passed over, since a request without it would be somebody else's or go elsewhere.
 */

import { dirname, resolve } from "node:path";
import { FaultList, formatFault } from "../../../config/fault.ts";
import { valueOf } from "../../../config/json.ts";
import type { JsonValue } from "../../../config/json.ts";
import { readYaml } from "../../yaml/read.ts";
import { listOf, memberOf, textOf } from "../../resources/raw.ts";
import { fileText } from "./access.ts";
import type { Access, AccessFault, AccessSource } from "./access.ts";

/** What of a user or a cluster is not done here, and what to do instead. */
const REFUSED: readonly (readonly [key: string, todo: string])[] = [
  ["exec", "no programs are run for credentials: use a token, a tokenFile or a client certificate"],
  ["auth-provider", "use a token, a tokenFile or a client certificate"],
  ["username", "use a token, a tokenFile or a client certificate"],
  ["as", "use credentials of the user itself"],
  ["proxy-url", "the API server must be reached directly"],
];

/** The access of the kubeconfig at this path. */
export function kubeconfigAccess(path: string): AccessSource {
  return async (): Promise<Access | AccessFault> => {
    const text = await fileText(path);
    if (typeof text !== "string") return text;
    const faults = new FaultList(path, text);
    const [document] = readYaml(text, faults);
    const [fault] = faults.all();
    if (fault !== undefined) return { fault: formatFault(fault) };
    const read = await accessOf(document === undefined ? null : valueOf(document), dirname(path));
    return "fault" in read ? { fault: `${path}: ${read.fault}` } : read;
  };
}

/** Paths in the file are relative to its folder. */
async function accessOf(config: JsonValue, folder: string): Promise<Access | AccessFault> {
  const contextName = textOf(config, "current-context");
  if (contextName === "") return { fault: "it has no current-context" };
  const context = entryOf(config, "context", contextName);
  if (context === undefined) return { fault: `it has no context "${contextName}", which is its current-context` };
  const [clusterName, userName] = [textOf(context, "cluster"), textOf(context, "user")];
  const cluster = entryOf(config, "cluster", clusterName);
  if (cluster === undefined) return { fault: `it has no cluster "${clusterName}", which its context names` };
  const user = userName === "" ? null : entryOf(config, "user", userName);
  if (user === undefined) return { fault: `it has no user "${userName}", which its context names` };
  const [refused] = REFUSED.filter(([key]) => isSaid(memberOf(user, key)) || isSaid(memberOf(cluster, key)));
  if (refused !== undefined) return { fault: `"${refused[0]}" is not supported (${refused[1]})` };
  return joined(cluster, user, folder);
}

const isSaid = (value: JsonValue | undefined): boolean => value !== undefined && value !== null && value !== "";

/** The lists of a kubeconfig hold `{name, KIND: {…}}`. */
function entryOf(config: JsonValue, kind: "context" | "cluster" | "user", name: string): JsonValue | undefined {
  const entry = listOf(config, `${kind}s`).find((candidate) => textOf(candidate, "name") === name);
  return entry === undefined ? undefined : memberOf(entry, kind) ?? null;
}

async function joined(cluster: JsonValue, user: JsonValue, folder: string): Promise<Access | AccessFault> {
  const server = textOf(cluster, "server");
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") return { fault: "its cluster has no server URL" };
  const isInsecure = memberOf(cluster, "insecure-skip-tls-verify") === true;
  const texts = await Promise.all([
    isInsecure ? undefined : pem(cluster, "certificate-authority", folder),
    pem(user, "client-certificate", folder),
    pem(user, "client-key", folder),
    textOf(user, "tokenFile") === "" ? textOf(user, "token") : fileText(resolve(folder, textOf(user, "tokenFile"))),
  ]);
  const fault = texts.find((text) => typeof text === "object");
  if (fault !== undefined) return fault;
  const [ca, certificate, key, token = ""] = texts as (string | undefined)[];
  if ((certificate === undefined) !== (key === undefined)) {
    return { fault: `its user has a client-${key === undefined ? "certificate without a key" : "key alone"}` };
  }
  const serverName = textOf(cluster, "tls-server-name");
  return {
    server: url,
    tls: { ca, certificate, key, isInsecure, serverName: serverName === "" ? undefined : serverName },
    token: token.trim() === "" ? undefined : token.trim(),
  };
}

/** The text under `NAME-data` (base64), else that of the file under `NAME`. */
async function pem(of: JsonValue, name: string, folder: string): Promise<string | undefined | AccessFault> {
  const data = textOf(of, `${name}-data`);
  if (data !== "") {
    const text = Buffer.from(data, "base64").toString("utf8");
    return text.includes("-----BEGIN ") ? text : { fault: `"${name}-data" is no PEM in base64` };
  }
  const file = textOf(of, name);
  return file === "" ? undefined : fileText(resolve(folder, file));
}
