-- ARGV: as in presence.lua, then how many users at most
-- → 1 if there may be more

local limit = tonumber(ARGV[5])
local over = redis.call('ZRANGEBYSCORE', deadlines, '-inf', '(' .. digits(now), 'LIMIT', 0, limit)

for _, user in ipairs(over) do current(user) end
return #over == limit and 1 or 0
