/** The access that a pod has: its service account. */

import { join } from "node:path";
import type { Access, AccessFault, AccessSource } from "./access.ts";
import { fileText } from "./access.ts";

/** Where Kubernetes puts the account into every container. */
const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The access of the pod with this environment. */
export function serviceAccount(environment: Environment, folder: string = FOLDER): AccessSource {
  return async (): Promise<Access | AccessFault> => {
    const host = environment["KUBERNETES_SERVICE_HOST"] ?? "";
    const port = environment["KUBERNETES_SERVICE_PORT"] ?? "";
    if (host === "" || port === "") {
      return { fault: "this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set), and no kubeconfig is given "
        + "(set KUBECONFIG, or calico.kubeconfig in the file of --config)" };
    }
    const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
    if (!URL.canParse(server)) return { fault: `KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT make no URL` };
    const [token, ca] = await Promise.all([fileText(join(folder, "token")), fileText(join(folder, "ca.crt"))]);
    if (typeof token !== "string") return token;
    if (typeof ca !== "string") return ca;
    const tls = { ca, certificate: undefined, key: undefined, serverName: undefined, isInsecure: false };
    return { server: new URL(server), token: token.trim(), tls };
  };
}

/** The namespace of the pod; undefined where this is none. */
export async function podNamespace(folder: string = FOLDER): Promise<string | undefined> {
  const text = await fileText(join(folder, "namespace"));
  return typeof text === "string" && text.trim() !== "" ? text.trim() : undefined;
}
