/**
 * How the API server is reached, and who asks. Rule: an access is read again for every request, since tokens and
 * certificates are renewed on disk while we run; no fault says what a credential contains.
 */

import { promises } from "node:fs";
import { whyUnreadable } from "../../../base/unreadable.ts";

/** A way to an API server. */
export interface Access {
  readonly server: URL;
  readonly tls: TlsAccess;
  /** Bearer token. */
  readonly token: string | undefined;
}

/** What a TLS connection is made with; the texts are PEM. */
export interface TlsAccess {
  /** The authority that the server's certificate must be from; undefined: those of the system. */
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** Whom the server's certificate must name instead of the URL's host. */
  readonly serverName: string | undefined;
  /** The server's certificate is not looked at. */
  readonly isInsecure: boolean;
}

/** Why there is no access: one clause. */
export interface AccessFault { readonly fault: string }

/** Reads the access as it is now. */
export type AccessSource = () => Promise<Access | AccessFault>;

/** The text of a file. */
export async function fileText(path: string): Promise<string | AccessFault> {
  try {
    return await promises.readFile(path, "utf8");
  } catch (error) {
    return { fault: `${path} cannot be read: ${whyUnreadable(error as NodeJS.ErrnoException)}` };
  }
}
