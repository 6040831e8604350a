-- ARGV: lifetime, stream, client instance or '', details (JSON), how many a user may have or -1, evict or reject
-- → [1, connected at (µs), [stream, node, reason]…], or [0, how many there are]

local id, instance, details, maximum, policy = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]

local count, older, is_there, newest = redis.call('ZCARD', streams), nil, nil, nil
-- Most users have one stream: nothing is to be looked up for the first.
if count > 0 then
  sweep()
  older = stream_of(instance)
  if older == id then older = nil end
  count = redis.call('ZCARD', streams)
  is_there = redis.call('ZSCORE', streams, id)
end
local others = count - (older and 1 or 0) - (is_there and 1 or 0)
if policy == 'reject' and maximum >= 0 and others >= maximum then return {0, count} end
if older then displace(older, 'replaced') end
if is_there then drop(id) end
if count > 0 then newest = redis.call('ZREVRANGE', streams, 0, 0, 'WITHSCORES')[2] end
local at = math.max(now, tonumber(newest or 0) + 1)
enter(id, instance, details, at, at)
-- Two fifths of its lifetime: a stream that is refreshed every third of it has then missed a refresh.
if maximum >= 0 then evict(others + 1 - maximum, id, now - lifetime * 400) end
keep()
return {1, digits(at), unpack(displaced)}
