/** What etcd wants to see of us: certificates and a name with its password, read from their files each time anew. */

import { promises } from "node:fs";
import { createSecureContext } from "node:tls";
import type { SecureContext } from "node:tls";
import { whyUnreadable } from "../../../base/unreadable.ts";
import type { EtcdSettings } from "../../../config/settings.ts";

/** A user of etcd. */
export interface Login {
  readonly name: string;
  readonly password: string;
}

/** Undefined: nothing of our own, and the authorities that the system knows. */
export interface Access {
  readonly secureContext: SecureContext | undefined;
  readonly login: Login | undefined;
}

/** Reads the files; a text where one cannot be used, and why. A certificate that was renewed counts from here on. */
export async function readAccess(settings: EtcdSettings): Promise<Access | string> {
  const files = { ca: settings.ca, cert: settings.cert, key: settings.key, password: settings.passwordFile };
  const texts: { [name in keyof typeof files]?: string } = {};
  for (const [name, file] of Object.entries(files) as [keyof typeof files, string | undefined][]) {
    if (file === undefined) continue;
    try {
      texts[name] = await promises.readFile(file, "utf8");
    } catch (error) {
      // It may not be there yet, or not be ours to read: said, and tried again.
      return `${name}: ${file} cannot be read: ${whyUnreadable(error as NodeJS.ErrnoException)}`;
    }
  }
  const { password = "", ...pem } = texts;
  const secureContext = secureContextOf(pem);
  if (typeof secureContext === "string") return secureContext;
  const name = settings.username;
  return { secureContext, login: name === undefined ? undefined : { name, password: password.replace(/\r?\n$/, "") } };
}

type Pem = { readonly ca?: string; readonly cert?: string; readonly key?: string };

function secureContextOf(pem: Pem): SecureContext | undefined | string {
  if (Object.keys(pem).length === 0) return undefined;
  try {
    return createSecureContext(pem);
  } catch (error) {
    // Files of others again: half of a pair, or no PEM.
    return `the certificates cannot be used: ${(error as Error).message}`;
  }
}
