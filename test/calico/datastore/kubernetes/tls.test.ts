/** The API server over HTTPS: whom we believe, and how we say who we are. */

import { beforeAll, describe, expect, it } from "vitest";
import type { TlsAccess } from "../../../../src/calico/datastore/kubernetes/access.ts";
import { hasOpenssl, makeCertificates } from "../../../support/calico/certificates.ts";
import type { Certificates } from "../../../support/calico/certificates.ts";
import { calico, KubernetesWorld } from "../../../support/calico/kubernetes-world.ts";

describe.skipIf(!hasOpenssl())("HTTPS (needs openssl)", () => {
  let made: Certificates;
  beforeAll(() => { made = makeCertificates(); });

  /** A world over HTTPS where only this token, or a certificate, is let in. */
  function open(token: string | undefined, tls: () => Partial<TlsAccess>): Promise<KubernetesWorld> {
    const nothing: TlsAccess =
      { ca: undefined, certificate: undefined, key: undefined, serverName: undefined, isInsecure: false };
    return KubernetesWorld.open({
      tls: { ...made.server, clientCa: made.ca },
      access: (server) => {
        server.tokens = new Set(["right"]);
        return async () => ({ server: new URL(server.url), token, tls: { ...nothing, ...tls() } });
      },
    });
  }

  it.each([
    ["a token", "right", () => ({ ca: made.ca })],
    ["a certificate", undefined, () => ({ ca: made.ca, certificate: made.client.cert, key: made.client.key })],
    ["another name of the server", "right", () => ({ ca: made.ca, serverName: "kubernetes" })],
    ["an address as the server's name", "right", () => ({ ca: made.ca, serverName: "127.0.0.1" })],
    ["no look at the certificate", "right", () => ({ isInsecure: true })],
  ])("works with %s", async (_, token, tls) => {
    const world = await open(token, tls);
    world.server.put(calico("BGPPeer", "p"));
    await world.sync();
    expect(world.known.has("BGPPeer p")).toBe(true);
  });

  it.each([
    ["an unknown authority", "right", () => ({}), /self-signed|unable to (get|verify)/],
    ["a wrong name", "right", () => ({ ca: made.ca, serverName: "other" }), /does not match|altnames/i],
    ["an address that it is not for", "right", () => ({ ca: made.ca, serverName: "10.0.0.1" }), /altnames|IP/],
    ["a certificate that is none", "right", () => ({ ca: made.ca, certificate: "x", key: "y" }), /PEM|error/i],
    ["a wrong token", "wrong", () => ({ ca: made.ca }), /^401 Unauthorized$/],
    ["a token that fits into no header", "a\nb", () => ({ ca: made.ca }), /^Invalid character in header content/],
  ])("tells of %s, and says no secret", async (_, token, tls, why) => {
    const world = await open(token, tls);
    world.start();
    await world.until("down", () => world.heard("down") > 0);
    expect(world.whyDown).toMatch(why);
    expect(world.whyDown).not.toMatch(/wrong|a\nb/);
    expect(world.heard("synced")).toBe(0);
  });

  it("uses a renewed certificate from the next request on", async () => {
    let ca: string | undefined;
    const world = await open("right", () => ({ ca }));
    world.start();
    await world.pass(5);
    expect(world.heard("synced")).toBe(0);
    ca = made.ca;
    await world.pass(31);
    await world.until("synced", () => world.heard("synced") === 1);
  });
});
