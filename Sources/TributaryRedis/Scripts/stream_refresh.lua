-- ARGV: lifetime, how many a user may have or -1, evict or reject,
--       then for each stream: id, client instance or '', details (JSON), connected at (µs)
-- → [stream, node, reason]…

local maximum, policy = tonumber(ARGV[2]), ARGV[3]
local has_entered = false

sweep()
for index = 4, #ARGV, 4 do
  local id, instance, details, at = ARGV[index], ARGV[index + 1], ARGV[index + 2], tonumber(ARGV[index + 3])
  local score = redis.call('ZSCORE', streams, id)
  local other = not score and stream_of(instance) or nil
  if score then
    redis.call('ZADD', streams, digits(math.max(now, tonumber(score))), id)
    describe(id, details, connected(id) or at)
  elseif other and (connected(other) or 0) >= at then
    note_displaced(id, details, 'replaced')
  else
    if other then displace(other, 'replaced') end
    enter(id, instance, details, at, math.max(now, at))
    has_entered = true
  end
end
-- Nothing that is open is silent, and a newer stream does not leave for an older one.
if has_entered and policy == 'evict' and maximum >= 0 then evict(redis.call('ZCARD', streams) - maximum, nil, 0) end
keep()
return displaced
