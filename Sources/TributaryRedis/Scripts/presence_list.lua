-- ARGV: as in presence.lua
-- → [user, type, status, changed at (ms), last seen (ms)]…

local found = {}
local all = redis.call('HGETALL', presence)
for index = 1, #all, 2 do
  local entry = cjson.decode(all[index + 1])
  found[#found + 1] = {all[index], entry.type, entry.status, digits(entry.changed), digits(entry.seen)}
end
return found
