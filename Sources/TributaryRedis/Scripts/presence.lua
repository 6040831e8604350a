-- Who is there in one project, all in one slot:
--   KEYS[1] …:presence            hash: user → JSON: status, type, changed and seen (ms), nodes (each with the ms until when its
--                                 word is good)
--   KEYS[2] …:presence:deadlines  sorted set: user → when no node's word is good any more (ms)
-- ARGV[1] how long the keys outlive what was written last, in ms
-- ARGV[2] the command that publishes, ARGV[3] the project's presence channel, ARGV[4] the project

local presence, deadlines = KEYS[1], KEYS[2]
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

local function digits(number)
  return string.format('%.0f', number)
end

local function read(user)
  local text = redis.call('HGET', presence, user)
  return text and cjson.decode(text) or nil
end

-- Before anything is written: a refused command would not undo the ones before it.
local function tell(user, entry)
  redis.call(ARGV[2], ARGV[3], '{"event":"presence.changed","ts":' .. digits(entry.changed) .. ',"data":{"userId":'
    .. cjson.encode(user) .. ',"status":' .. cjson.encode(entry.status) .. ',"user_type":' .. cjson.encode(entry.type)
    .. ',"projectId":' .. cjson.encode(ARGV[4]) .. ',"last_seen":' .. digits(entry.seen) .. ',"timestamp":'
    .. digits(entry.changed) .. '}}')
end

local function write(user, entry)
  local last = 0
  for _, deadline in pairs(entry.nodes) do last = math.max(last, deadline) end
  redis.call('HSET', presence, user, cjson.encode(entry))
  redis.call('ZADD', deadlines, digits(last), user)
end

local function keep()
  redis.call('PEXPIRE', presence, ARGV[1])
  redis.call('PEXPIRE', deadlines, ARGV[1])
end

-- The user as it is now: tells of one whose time is over, a millisecond late, so that whoever comes back at once comes later.
local function current(user)
  local entry = read(user)
  if not entry then
    redis.call('ZREM', deadlines, user)
    return nil
  end
  local last = 0
  for node, deadline in pairs(entry.nodes) do
    last = math.max(last, deadline)
    if deadline < now then entry.nodes[node] = nil end
  end
  if last >= now then return entry end
  entry.status, entry.changed = 'offline', math.max(last, entry.changed + 1)
  tell(user, entry)
  redis.call('HDEL', presence, user)
  redis.call('ZREM', deadlines, user)
  return nil, entry.changed
end
