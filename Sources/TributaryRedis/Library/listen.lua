-- How many connections listen to each name; in a cluster to its name in the project's shard, as a server knows its own alone.
local function count_subscribers(project, names)
  if not is_cluster then return redis.call('PUBSUB', 'NUMSUB', unpack(names)) end
  local sharded = {}
  for index, name in ipairs(names) do sharded[index] = name .. ':{' .. project.name .. '}' end
  local counts = redis.call('PUBSUB', 'SHARDNUMSUB', unpack(sharded))
  for index, name in ipairs(names) do counts[2 * index - 1] = name end
  return counts
end

-- The listeners whose connection lives, with their channels; the others are forgotten.
local function living(project, key, listener)
  local all, names, alive = redis.call('HGETALL', key), {}, {}
  for index = 1, #all, 2 do
    alive[all[index]] = all[index + 1]
    if all[index] ~= listener then names[#names + 1] = all[index] end
  end
  if #names == 0 then return alive end
  local subscribers = count_subscribers(project, names)
  for index = 1, #subscribers, 2 do
    if subscribers[index + 1] == 0 then
      alive[subscribers[index]] = nil
      redis.call('HDEL', key, subscribers[index])
    end
  end
  return alive
end

-- tributary_listen 1 {p1} listener channel…
-- A listener is the name of a relay's own channel, and lives while that has a subscriber.
local function listen(keys, args)
  local project = open(keys)
  if #args < 1 then refuse('syntax', 'listener channel…') end
  local key, meta, listener = project.keys .. 'listeners', project.keys .. 'meta', args[1]
  local alive = living(project, key, listener)
  local known = redis.call('HMGET', meta, 'owner', 'hw', 'k', ':raw')
  -- Where every event came through tributary_publish, nobody has to listen for it. A log of an older edition doesn't say.
  local is_whole = known[1] == 'hub' or known[4] == '0'
  local head, mine, has_lapse = (known[2] or '0') .. '-' .. (known[3] or '0'), alive[listener] or ' ', false
  for index = 2, #args do
    local channel, is_heard = resolve(project, args[index]), false
    for _, heard in pairs(alive) do
      is_heard = is_heard or string.find(heard, ' ' .. channel .. ' ', 1, true) ~= nil
    end
    if not is_heard and not is_whole then
      redis.call('HSET', meta, channel .. ':lapse', head)
      has_lapse = true
    end
    if not string.find(mine, ' ' .. channel .. ' ', 1, true) then mine = mine .. channel .. ' ' end
  end
  redis.call('HSET', key, listener, mine)
  redis.call('EXPIRE', key, project.catalog.ttl)
  if has_lapse then redis.call('EXPIRE', meta, project.catalog.ttl) end
  return redis.status_reply('OK')
end

-- tributary_leave 1 {p1} listener channel…
local function leave(keys, args)
  local project = open(keys)
  local key, listener = project.keys .. 'listeners', args[1] or ''
  local mine = redis.call('HGET', key, listener)
  if not mine then return redis.status_reply('OK') end
  for index = 2, #args do
    local name = ' ' .. resolve(project, args[index]) .. ' '
    local start, stop = string.find(mine, name, 1, true)
    if start then mine = string.sub(mine, 1, start) .. string.sub(mine, stop + 1) end
  end
  if mine == ' ' then redis.call('HDEL', key, listener) else redis.call('HSET', key, listener, mine) end
  return redis.status_reply('OK')
end
