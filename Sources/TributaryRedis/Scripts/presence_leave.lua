-- ARGV: as in presence.lua, then the node, how long a user stays who is on no other (ms), and the users
-- → 1, or 0 if nobody was there

local node, grace = ARGV[5], tonumber(ARGV[6])
local was_known = redis.call('EXISTS', presence)

for index = 7, #ARGV do
  local user = ARGV[index]
  local entry = read(user)
  local deadline = entry and entry.nodes[node]
  if deadline and deadline >= now then
    entry.seen, entry.nodes[node] = now, math.min(deadline, now + grace)
    write(user, entry)
  end
end
return was_known
