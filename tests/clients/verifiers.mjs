// Verifiers of Node.js, set up as in their own documentation: with the address of the public keys, the issuer, the audience
// and the name of the algorithm. Prints JSON: for each library whether it takes an access token, and whether it takes one
// without client_id.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import express from 'express'
import { expressjwt } from 'express-jwt'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import jwt from 'jsonwebtoken'
import jwks from 'jwks-rsa'
import * as oauth from 'oauth4webapi'
import passport from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'
import { login, metadata, run, server, withoutClientId } from './support.mjs'

const as = await metadata()
const jwksUri = as.jwks_uri

/** Returns the options of libraries that use jsonwebtoken. */
const expected = (audience) => ({ issuer: server.issuer, audience, algorithms: [server.alg] })

/** Returns whether a middleware of Express lets a request with this token through. */
async function passes(middleware, token) {
  const app = express()
  app.get('/', middleware, (_, response) => response.sendStatus(204))
  app.use((error, _request, response, _next) => response.sendStatus(error.status ?? 401))
  const listener = app.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const url = `http://127.0.0.1:${listener.address().port}/`
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  listener.close()
  return response.status === 204
}

/** The libraries: each returns whether it accepts a token for an audience, or throws. */
const libraries = {
  jose: (token, audience) => jwtVerify(token, createRemoteJWKSet(new URL(jwksUri)), { issuer: server.issuer, audience }),

  'jsonwebtoken with jwks-rsa': async (token, audience) => {
    const key = await jwks({ jwksUri }).getSigningKey(jwt.decode(token, { complete: true }).header.kid)
    return jwt.verify(token, key.getPublicKey(), expected(audience))
  },

  'express-jwt with jwks-rsa': (token, audience) =>
    passes(expressjwt({ secret: jwks.expressJwtSecret({ jwksUri }), ...expected(audience) }), token),

  'passport-jwt with jwks-rsa': (token, audience) => {
    const options = {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: jwks.passportJwtSecret({ jwksUri }),
      ...expected(audience),
    }
    passport.use(new Strategy(options, (claims, done) => done(null, claims)))
    return passes(passport.authenticate('jwt', { session: false }), token)
  },

  oauth4webapi: (token, audience) => {
    const request = new Request('https://api.example/', { headers: { authorization: `Bearer ${token}` } })
    return oauth.validateJwtAccessToken(as, request, audience, { [oauth.allowInsecureRequests]: true })
  },
}

/** Returns whether a library accepts a token for an audience. */
async function accepts(library, token, audience) {
  try {
    return Boolean(await libraries[library](token, audience))
  } catch {
    return false
  }
}

/** Returns the token with another signature. */
function forged(token) {
  const [header, claims, signature] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  bytes[10] ^= 1
  return [header, claims, bytes.toString('base64url')].join('.')
}

async function all() {
  const token = (await login('shop-front.v1_x')).access_token
  const bare = await withoutClientId()
  const accepted = {}
  for (const library of Object.keys(libraries)) {
    accepted[library] = [await accepts(library, token, server.audience), await accepts(library, bare, server.audience)]
    assert.equal(await accepts(library, forged(token), server.audience), false, library)
    assert.equal(await accepts(library, token, 'elsewhere'), false, library)
  }
  console.log(JSON.stringify(accepted))
}

await run({ all })
