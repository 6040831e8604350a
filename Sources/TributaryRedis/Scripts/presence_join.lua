-- ARGV: as in presence.lua, then the node, how long its word is good (ms), and for each user: name, type
-- → 1, or 0 if nobody was there

local node, lifetime = ARGV[5], tonumber(ARGV[6])
local was_known = redis.call('EXISTS', presence)

for index = 7, #ARGV, 2 do
  local user = ARGV[index]
  local entry, gone = current(user)
  if not entry then
    local at = math.max(now, (gone or 0) + 1)
    entry = {status = 'online', type = ARGV[index + 1], changed = at, seen = now, nodes = {}}
    tell(user, entry)
  end
  entry.seen, entry.nodes[node] = now, now + lifetime
  write(user, entry)
end
keep()
return was_known
