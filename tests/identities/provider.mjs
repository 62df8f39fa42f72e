/** An issuer that we did not write: oidc-provider, with keys that can be replaced and a listener that can go away. */

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import Provider from "oidc-provider";

/** The public client that users log in to. */
export const CLIENT = "app";
const ALGORITHM = "ES256";

/** Makes a signing key. */
function newKey() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), alg: ALGORITHM, use: "sig", kid: randomUUID() };
}

/** A provider at a port of its own. */
export class Issuer {
  #redirectUri;
  #port = 0;
  #server;
  #provider;

  constructor(redirectUri) {
    this.#redirectUri = redirectUri;
  }

  /** Listens, always at the same port. */
  async open() {
    this.#server = createServer((request, response) => this.#provider.callback()(request, response));
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = this.#server.address().port;
    this.url = `http://127.0.0.1:${this.#port}`;
    if (!this.#provider) this.replaceKeys();
  }

  /** Goes away: nobody listens any more. */
  async close() {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** Signs with a new key, and withdraws the old one at once. Users have to log in again: it keeps them in memory. */
  replaceKeys() {
    this.#provider = new Provider(this.url, {
      jwks: { keys: [newKey()] },
      cookies: { keys: ["a key for cookies"] },
      clients: [
        {
          client_id: CLIENT,
          token_endpoint_auth_method: "none",
          redirect_uris: [this.#redirectUri],
          id_token_signed_response_alg: ALGORITHM,
          require_auth_time: true,
        },
      ],
      findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    });
  }
}
