/** Reads what a token says of itself, without believing it. */

/**
 * A token as text, and what it says.
 * @typedef {{ text: string, kind: "access" | "refresh" | "unknown", kid?: string, header?: object, payload?: object,
 *   subject?: string, generation?: string }} Token
 */

/** Reads a token of either kind. @returns {Token} */
export function readToken(text) {
  return refreshToken(text) ?? accessToken(text) ?? { text, kind: "unknown" };
}

/** `hp1.<kid>.<subject>.<login>.<gen>.<mac>` */
function refreshToken(text) {
  const parts = text.split(".");
  if (parts[0] !== "hp1") return undefined;
  return { text, kind: "refresh", kid: parts[1], subject: decoded(parts[2]), generation: parts.at(-2) };
}

function accessToken(text) {
  const parts = text.split(".");
  if (parts.length !== 3) return undefined;
  const [header, payload] = parts.slice(0, 2).map((part) => objectIn(decoded(part)));
  if (header === undefined || payload === undefined) return undefined;
  return { text, kind: "access", kid: typeof header.kid === "string" ? header.kid : undefined, header, payload };
}

/** Decodes base64url of UTF-8. */
function decoded(part) {
  try {
    const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function objectIn(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What may be wrong with a token that the server calls invalid. The server does not tell, since thieves ask, too. */
export function suspicions(token, keys, issuer) {
  if (token.kind === "unknown") return ["It is neither a JWT nor a refresh token, which begins with hp1. It may have been cut off when it was copied."];
  const use = token.kind === "refresh" ? "refresh" : "sig";
  const key = keys.find(({ kid }) => kid === token.kid);
  const found = [
    token.kid === undefined && "It names no key.",
    token.kid !== undefined && key === undefined && "The key that it names is not in the ring: it may have been retired, or belong to another server.",
    key !== undefined && key.use !== use && "The key that it names is for the other kind of token.",
    key?.status === "expired" && "The key that it names has expired.",
    ...(token.kind === "access" ? doubtsAboutClaims(token, key, issuer) : []),
  ].filter(Boolean);
  if (found.length > 0) return found;
  return ["Its key is known, so it was altered, cut off, or made by somebody who does not have that key. A copy and paste may have lost a part of it."];
}

function doubtsAboutClaims({ header, payload }, key, issuer) {
  const now = Date.now() / 1000;
  return [
    key !== undefined && header.alg !== key.alg && !(header.alg === "Ed25519" && key.alg === "EdDSA") && "Its algorithm is not that of its key.",
    !["at+jwt", "jwt"].includes(String(header.typ).toLowerCase()) && "Its header does not say that it is an access token (typ).",
    issuer !== undefined && payload.iss !== issuer && "Its issuer is not this server's.",
    typeof payload.nbf === "number" && payload.nbf > now && "It is not valid yet.",
  ];
}
