-- The rotation that one would write by hand: the hash of the current refresh token is a field of the user's sessions.
-- KEYS[1]: the user's sessions. ARGV: session id, hash of the token shown, hash of its successor, lifetime in ms.
local current = redis.call('HGET', KEYS[1], ARGV[1])
if not current then
  return redis.error_reply('NOSESSION')
end
if current ~= ARGV[2] then
  redis.call('HDEL', KEYS[1], ARGV[1])
  return redis.error_reply('REUSEDTOKEN')
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
