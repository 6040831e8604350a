-- What stands before a channel's next event: its newest id, and name and newest id of each channel that has had one since.
local function chain(project, channel)
  local seen = {}
  for name, id in string.gmatch(project.tips, '([^ ;]+) (%d+) ') do
    if name == channel then return id, seen end
    seen[#seen + 1] = name
    seen[#seen + 1] = id
  end
  return '0', seen
end

-- Puts a channel first, with its newest event.
local function set_tip(project, channel, id, place)
  local tips = project.tips
  local start = string.find(';' .. tips, ';' .. channel .. ' ', 1, true)
  if start then
    tips = string.sub(tips, 1, start - 1) .. string.sub(tips, string.find(tips, ';', start, true) + 1)
  end
  project.tips = channel .. ' ' .. digits(id) .. ' ' .. place .. ';' .. tips
end

-- Where an event goes that has an id of its own, and whether it is there already.
local function place_of(project, channel, id)
  if id > project.high then return digits(id) .. '-0', false end
  local exact = digits(id) .. '-0'
  if id == project.high then return exact, true end
  if #redis.call('XRANGE', log_key(project, channel), exact, exact) > 0 then return exact, true end
  local late = redis.call('HGET', project.keys .. 'late', digits(id))
  if late then return string.match(late, '^%S+'), true end
  for name in string.gmatch(project.tips, '([^ ;]+) %d+ ') do
    if name ~= channel and #redis.call('XRANGE', log_key(project, name), exact, exact) > 0 then return exact, true end
  end
  -- What is older than all that is kept may have been here before, and nobody can tell.
  local floor = log_of(project, channel).floor
  if floor ~= '' and id <= tonumber(string.match(floor, '^%d+')) then return floor, true end
  return digits(project.high) .. '-' .. digits(project.late + 1), false
end

-- Whether a bound is passed: by 16 events, or a sixteenth of the age, so that it pays.
local function is_over(project, channel, log)
  local keep = project.catalog.channels[channel]
  return log.count >= keep.count + 16 or log.bytes > keep.bytes or log.oldest < project.now - keep.age * 1000 * 17 / 16
end

-- Drops the oldest entries. The newest stays, however large it is, until its time is over.
local function trim(project, channel, log)
  local keep = project.catalog.channels[channel]
  local expired = project.now - keep.age * 1000
  log.changed = true
  local key = log_key(project, channel)
  local from = '-'
  -- 1,024 entries a call: what a smaller retention left over goes with the next ones.
  for _ = 1, 64 do
    local entries = redis.call('XRANGE', key, from, '+', 'COUNT', 16)
    for _, entry in ipairs(entries) do
      local fields = entry[2]
      local time = tonumber(fields[4])
      if time >= expired and (log.count <= 1 or (log.count <= keep.count and log.bytes <= keep.bytes)) then
        log.oldest = time
        redis.call('XTRIM', key, 'MINID', entry[1])
        return
      end
      log.count, log.bytes, log.floor = log.count - 1, log.bytes - #fields[2], entry[1]
      if fields[6] then redis.call('HDEL', project.keys .. 'late', fields[6]) end
    end
    if #entries == 0 then break end
    from = '(' .. log.floor
  end
  if log.floor ~= '' then
    redis.call('XTRIM', key, 'MINID', log.floor)
    redis.call('XDEL', key, log.floor)
  end
end

-- A project's first event. What is left of logs whose meta is gone belongs to another life.
local function begin(project, owner, id)
  project.owner, project.created, project.origin = owner, digits(project.microseconds), id
  for channel in pairs(project.catalog.channels) do redis.call('DEL', log_key(project, channel)) end
  redis.call('DEL', project.keys .. 'late')
  redis.call('HSET', project.keys .. 'meta', 'owner', owner, 'created', project.created, 'origin', digits(id), ':raw', '0')
end

-- Notes what is gone if a log went as a whole: all of it had passed its age, or Redis evicted it.
local function note_loss(project, channel, log)
  log.is_checked = true
  if log.count == 0 or redis.call('EXISTS', log_key(project, channel)) == 1 then return end
  log.count, log.bytes = 0, 0
  log.floor = string.match(';' .. project.tips, ';' .. string.gsub(channel, '-', '%%-') .. ' %d+ ([^;]+);') or log.floor
  local key = project.keys .. 'late'
  local all = redis.call('HGETALL', key)
  for index = 1, #all, 2 do
    if string.match(all[index + 1], ' (.+)$') == channel then redis.call('HDEL', key, all[index]) end
  end
end

-- Takes an event to the place that was found for it. `save` must follow.
local function append(project, channel, id, place, envelope, owner)
  if not project.created then begin(project, owner, id) end
  local key, log = log_key(project, channel), log_of(project, channel)
  if not log.is_checked then note_loss(project, channel, log) end
  if id > project.high then
    redis.call('XADD', key, place, 'e', envelope, 't', digits(project.now))
    project.high, project.late = id, 0
  else
    redis.call('XADD', key, place, 'e', envelope, 't', digits(project.now), 'i', digits(id))
    redis.call('HSET', project.keys .. 'late', digits(id), place .. ' ' .. channel)
    project.late = project.late + 1
    project.has_late = true
    if id < project.origin then
      project.origin = id
      redis.call('HSET', project.keys .. 'meta', 'origin', digits(id))
    end
  end
  if log.count == 0 then log.oldest = project.now end
  log.count, log.bytes, log.changed = log.count + 1, log.bytes + #envelope, true
  log.has_grown = true
  set_tip(project, channel, id, place)
  if is_over(project, channel, log) then trim(project, channel, log) end
end

-- Writes what the appended events changed.
local function save(project)
  local meta = project.keys .. 'meta'
  local fields = {'hw', digits(project.high), 'k', digits(project.late), 'tips', project.tips}
  for channel, log in pairs(project.logs) do
    if log.changed then
      fields[#fields + 1] = channel
      fields[#fields + 1] = digits(log.count) .. ' ' .. digits(log.bytes) .. ' ' .. digits(log.oldest) .. ' ' .. log.floor
      -- When it goes, its newest event is older than the retention.
      if log.has_grown then redis.call('EXPIRE', log_key(project, channel), project.catalog.channels[channel].age) end
    end
  end
  redis.call('HSET', meta, unpack(fields))
  redis.call('EXPIRE', meta, project.catalog.ttl)
  if project.has_late then redis.call('EXPIRE', project.keys .. 'late', project.catalog.ttl) end
end
