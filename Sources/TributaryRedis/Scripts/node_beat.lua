-- KEYS[1] …:beats    sorted set: node → when it was heard of (ms)
-- KEYS[2] …:figures  hash: node → what it said of itself (JSON)
-- ARGV: how long a node is remembered (ms), the node, its figures
-- → [node, figures, how long it has been silent (ms)]…

local beats, figures, memory = KEYS[1], KEYS[2], tonumber(ARGV[1])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local function digits(number) return string.format('%.0f', number) end

redis.call('ZADD', beats, digits(now), ARGV[2])
redis.call('HSET', figures, ARGV[2], ARGV[3])
for _, node in ipairs(redis.call('ZRANGEBYSCORE', beats, '-inf', digits(now - memory))) do
  redis.call('ZREM', beats, node)
  redis.call('HDEL', figures, node)
end
redis.call('PEXPIRE', beats, memory)
redis.call('PEXPIRE', figures, memory)
local found = {}
local all = redis.call('ZRANGE', beats, 0, -1, 'WITHSCORES')
for index = 1, #all, 2 do
  local text = redis.call('HGET', figures, all[index])
  if text then found[#found + 1] = {all[index], text, math.max(0, now - tonumber(all[index + 1]))} end
end
return found
