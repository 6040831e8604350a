-- The streams of one user in one project, all in one slot:
--   KEYS[1] …:streams          sorted set: stream → when it was refreshed (µs), never before it connected
--   KEYS[2] …:instances        hash: client instance → its stream
--   KEYS[3] …:streaminstances  hash: stream → its client instance, if it has one
--   KEYS[4] …:streammeta       hash: stream → JSON: connected_at (µs), node, channels, user_agent
-- ARGV[1] how long a stream is believed without a refresh, in ms

local streams, instances, names, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local lifetime = tonumber(ARGV[1])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local displaced = {}

local function digits(number)
  return string.format('%.0f', number)
end

local function connected(id)
  local text = redis.call('HGET', meta, id)
  return text and tonumber(string.match(text, '^{"connected_at":(%d+)'))
end

local function drop(id)
  redis.call('ZREM', streams, id)
  redis.call('HDEL', meta, id)
  local instance = redis.call('HGET', names, id)
  if not instance then return end
  redis.call('HDEL', names, id)
  if redis.call('HGET', instances, instance) == id then redis.call('HDEL', instances, instance) end
end

-- Takes out what has expired; no more than 1,000, so that Redis is not held up: the rest goes with the next call.
local function sweep()
  local expired = digits(now - lifetime * 1000)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', streams, '-inf', expired, 'LIMIT', 0, 1000)) do drop(id) end
end

-- The stream that a client instance has.
local function stream_of(instance)
  local id = instance ~= '' and redis.call('HGET', instances, instance)
  return id and redis.call('ZSCORE', streams, id) and id or nil
end

-- `details` is a JSON object without connected_at.
local function describe(id, details, at)
  redis.call('HSET', meta, id, '{"connected_at":' .. digits(at) .. ',' .. string.sub(details, 2))
end

local function enter(id, instance, details, at, refreshed)
  redis.call('ZADD', streams, digits(refreshed), id)
  describe(id, details, at)
  if instance ~= '' then
    redis.call('HSET', instances, instance, id)
    redis.call('HSET', names, id, instance)
  end
end

local function note_displaced(id, details, reason)
  local node = details and cjson.decode(details).node or ''
  displaced[#displaced + 1] = {id, node, reason}
end

local function displace(id, reason)
  note_displaced(id, redis.call('HGET', meta, id), reason)
  drop(id)
end

-- Takes out `excess` streams, but never `kept`: of those refreshed before `silent_before` the longest silent ones, then those
-- that connected earliest.
local function evict(excess, kept, silent_before)
  if excess <= 0 then return end
  local all, order = redis.call('ZRANGE', streams, 0, -1, 'WITHSCORES'), {}
  for index = 1, #all, 2 do
    local id = all[index]
    local heard = math.min(tonumber(all[index + 1]), silent_before)
    if id ~= kept then order[#order + 1] = {id = id, heard = heard, connected = connected(id) or 0} end
  end
  table.sort(order, function(a, b)
    if a.heard ~= b.heard then return a.heard < b.heard end
    if a.connected ~= b.connected then return a.connected < b.connected end
    return a.id < b.id
  end)
  for index = 1, math.min(excess, #order) do displace(order[index].id, 'evicted') end
end

local function keep()
  for index = 1, 4 do redis.call('PEXPIRE', KEYS[index], lifetime) end
end
