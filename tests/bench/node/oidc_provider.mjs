// oidc-provider with Redis behind it: POST /token with the refresh grant, rotating, with EdDSA-signed access tokens.
//
//   node oidc_provider.mjs <redis socket> <number of sessions>
//
// Prints one line of JSON: the port, and a refresh token for each session. Ends with its standard input.

import { generateKeyPairSync } from "node:crypto";
import Redis from "ioredis";
import Provider from "oidc-provider";
import { adapterFor } from "./redis_adapter.mjs";

const [socket, sessions] = process.argv.slice(2);
// The process that started it holds the other end.
process.stdin.on("end", () => process.exit()).resume();
const API = "urn:api";
const CLIENT = "app";
const SCOPE = "offline_access read";
const { privateKey } = generateKeyPairSync("ed25519");

const provider = new Provider("http://127.0.0.1", {
  adapter: adapterFor(new Redis(socket)),
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: "EdDSA", use: "sig", kid: "sig-1" }] },
  clients: [
    {
      client_id: CLIENT,
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      redirect_uris: ["https://app.example/"],
      id_token_signed_response_alg: "EdDSA",
    },
  ],
  enabledJWA: { idTokenSigningAlgValues: ["EdDSA"] },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: "read",
        audience: "api",
        accessTokenFormat: "jwt",
        accessTokenTTL: 900,
        jwt: { sign: { alg: "EdDSA" } },
      }),
    },
  },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  rotateRefreshToken: true,
  ttl: { AccessToken: 900, RefreshToken: 1209600, Grant: 1209600 },
});

/** Stores the result of a login: a grant, and a refresh token for it. */
async function login(accountId) {
  const client = await provider.Client.find(CLIENT);
  const grant = new provider.Grant({ accountId, clientId: CLIENT });
  grant.addOIDCScope("offline_access");
  grant.addResourceScope(API, "read");
  const grantId = await grant.save();
  const authTime = Math.floor(Date.now() / 1000);
  const token = new provider.RefreshToken({
    accountId, client, grantId, authTime, iiat: authTime, gty: "authorization_code", scope: SCOPE, resource: API,
  });
  return token.save();
}

const tokens = [];
for (let user = 0; user < Number(sessions); user++) tokens.push(await login(`${user}`));
const server = provider.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: server.address().port, tokens }));
});
