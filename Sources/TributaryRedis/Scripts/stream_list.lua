-- ARGV: lifetime
-- → [stream, client instance, node, user agent, connected at (µs), refreshed at (µs), channel…]…

local found = {}
local all = redis.call('ZRANGEBYSCORE', streams, '(' .. digits(now - lifetime * 1000), '+inf', 'WITHSCORES')
for index = 1, #all, 2 do
  local id = all[index]
  local text = redis.call('HGET', meta, id)
  local details = text and cjson.decode(text) or {}
  found[#found + 1] = {
    id, redis.call('HGET', names, id) or '', details.node or '', details.user_agent or '', digits(connected(id) or 0),
    all[index + 1], unpack(details.channels or {})
  }
end
return found
