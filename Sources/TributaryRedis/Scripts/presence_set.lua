-- ARGV: as in presence.lua, then the user and what it is
-- → 1, or 0 if the user is not there

local user, status = ARGV[5], ARGV[6]
local entry = current(user)

if not entry then return 0 end
entry.seen = now
if entry.status ~= status then
  entry.status, entry.changed = status, math.max(now, entry.changed + 1)
  tell(user, entry)
end
write(user, entry)
return 1
