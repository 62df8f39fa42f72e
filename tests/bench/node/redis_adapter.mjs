// Storage of oidc-provider in Redis, for the parts that a refresh uses: records as JSON with a lifetime, single-use records as
// a hash with a mark, and the tokens of each grant as a list, so that they can be revoked together.

const ONCE = new Set(["AuthorizationCode", "RefreshToken"]);
const GRANTED = new Set(["AccessToken", "AuthorizationCode", "RefreshToken"]);

/** The adapter class for one connection of ioredis. */
export function adapterFor(redis) {
  return class {
    constructor(model) {
      this.model = model;
    }

    async upsert(id, payload, lifetime) {
      const key = this.key(id);
      const json = JSON.stringify(payload);
      const batch = redis.multi();
      if (ONCE.has(this.model)) batch.hset(key, { payload: json });
      else batch.set(key, json);
      if (lifetime) batch.expire(key, lifetime);
      if (GRANTED.has(this.model) && payload.grantId) {
        batch.rpush(listOf(payload.grantId), key);
        batch.expire(listOf(payload.grantId), lifetime);
      }
      await batch.exec();
    }

    async find(id) {
      if (!ONCE.has(this.model)) {
        const json = await redis.get(this.key(id));
        return json ? JSON.parse(json) : undefined;
      }
      const { payload, ...marks } = await redis.hgetall(this.key(id));
      return payload ? { ...JSON.parse(payload), ...marks } : undefined;
    }

    async consume(id) {
      await redis.hset(this.key(id), "consumed", Math.floor(Date.now() / 1000));
    }

    async destroy(id) {
      await redis.del(this.key(id));
    }

    async revokeByGrantId(grant) {
      const keys = await redis.lrange(listOf(grant), 0, -1);
      await redis.del(listOf(grant), ...keys);
    }

    key(id) {
      return `${this.model}:${id}`;
    }
  };
}

function listOf(grant) {
  return `grant:${grant}`;
}
