-- tributary_record 1 {p1} (channel id envelope)…
-- → for each event [1, place, prev, (channel id)…, epoch] if it is in the log now, [0, epoch, place] if it was, [-1] if the ids
-- are the hub's. Hubs that know nothing of the epoch find everything else where it was.
local function record(keys, args)
  local project = open(keys)
  if #args == 0 or #args % 3 ~= 0 then refuse('syntax', '(channel id envelope)…') end
  load(project, resolve(project, args[1]))
  local reply, has_appended = {}, false
  for index = 1, #args, 3 do
    local channel, id = resolve(project, args[index]), tonumber(args[index + 1])
    if project.owner == 'hub' then
      reply[#reply + 1] = {-1}
    else
      local place, is_known = place_of(project, channel, id)
      if is_known then
        reply[#reply + 1] = {0, project.created, place}
      else
        if not has_appended then authorize_writes(project, channel) end
        local prev, seen = chain(project, channel)
        append(project, channel, id, place, args[index + 2], 'publisher')
        has_appended = true
        seen[#seen + 1] = project.created
        reply[#reply + 1] = {1, place, prev, unpack(seen)}
      end
    end
  end
  if has_appended then
    redis.call('HSET', project.keys .. 'meta', ':raw', '1')
    save(project)
  end
  return reply
end

-- tributary_trim 1 {p1} channel…
-- Drops what is too old from logs that do not grow. For readers: nobody reads past the retention.
local function trim_aged(keys, args)
  local project = open(keys)
  if #args == 0 then refuse('syntax', 'channel…') end
  load(project, resolve(project, args[1]))
  if not project.created then return redis.status_reply('OK') end
  for _, name in ipairs(args) do
    local channel = resolve(project, name)
    authorize_writes(project, channel)
    trim(project, channel, log_of(project, channel))
  end
  save(project)
  return redis.status_reply('OK')
end
