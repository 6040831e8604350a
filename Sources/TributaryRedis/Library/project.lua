-- A project's keys, all in one slot. K stands for `tributary:{p1}` or `<prefix>:{p1}`:
--   K:meta            hash: owner (hub or publisher), created (µs, the epoch), origin (lowest id), hw and k (highest id, and how
--                     many came late behind it), tips (`<channel> <newest id> <its place>;`…, newest first),
--                     <channel> (`<count> <bytes> <oldest, ms> <place of the newest trimmed entry>` of its log),
--                     <channel>:lapse (the place behind which events may have gone unheard),
--                     :raw (1 once an event came past tributary_publish, 0 before)
--   K:log:<channel>   stream: `<hw>-<k>` → e (envelope), t (ms), and i (its id) if it came late
--   K:late            hash: id of an event that came late → `<its place> <channel>`
--   K:dedupe:…        string: the id that a client_msg_id was given, 0 for none
--   K:listeners       hash: relay session → ` <channel> <channel> `

local maximum_id = 9007199254740991

-- Ends the call. Every check comes before the first write.
local function refuse(code, text)
  error({err = 'ERR ' .. code .. ' ' .. text})
end

-- A function of the library: errors of its own and of the commands it calls reach the caller without a place in this text.
local function guarded(body)
  return function(keys, args)
    local done, result = pcall(body, keys, args)
    if done then return result end
    if type(result) == 'table' then result = result.err end
    return {err = string.find(result, '^%u+ ') and result or 'ERR internal ' .. tostring(result)}
  end
end

local function digits(number)
  return string.format('%.0f', number)
end

-- While a slot is moved, some of a project's keys are at one server and some at the other, and either takes those that it does
-- not have for missing. A command for two keys that nobody has is refused then, and only then.
local function refuse_while_moving(base)
  local reply = redis.pcall('EXISTS', base .. 'moving:1', base .. 'moving:2')
  if type(reply) == 'table' and reply.err then error({err = 'TRYAGAIN the slot of the project is being moved'}) end
end

-- Input: `{p1}` or `prefix:{p1}`.
local function open(keys)
  if #keys ~= 1 then refuse('syntax', 'one key is needed: the project, as {p1} or prefix:{p1}') end
  local prefix, name = string.match(keys[1], '^([^{}]*){([%w._:@-]+)}$')
  if not name or #name > 128 or (prefix ~= '' and string.sub(prefix, -1) ~= ':') then
    refuse('invalid_project', 'the key is {project} or prefix:{project}; a project has 1 to 128 of A-Z a-z 0-9 . _ : @ -')
  end
  prefix = string.sub(prefix, 1, -2)
  local catalog = catalogs[prefix]
  if not catalog then refuse('unknown_prefix', 'no hub has loaded a catalog for "' .. prefix .. '"; start one') end
  local base = prefix == '' and 'tributary' or prefix
  if is_cluster then refuse_while_moving(base .. ':{' .. name .. '}:') end
  return {
    catalog = catalog,
    name = name,
    keys = base .. ':{' .. name .. '}:',
    topics = prefix == '' and '' or prefix .. ':',
    logs = {},
  }
end

-- A channel's own name.
local function resolve(project, name)
  local channel = name and project.catalog.names[name]
  if not channel then refuse('unknown_channel', 'the catalog has no channel "' .. tostring(name) .. '"') end
  return channel
end

local function log_key(project, channel)
  return project.keys .. 'log:' .. channel
end

-- What is known of a channel's log: `text` as in K:meta.
local function set_log(project, channel, text)
  local count, bytes, oldest, floor = string.match(text or '', '^(%d+) (%d+) (%d+) (.*)$')
  local log = {count = tonumber(count) or 0, bytes = tonumber(bytes) or 0, oldest = tonumber(oldest) or 0, floor = floor or ''}
  project.logs[channel] = log
  return log
end

local function log_of(project, channel)
  return project.logs[channel] or set_log(project, channel, redis.call('HGET', project.keys .. 'meta', channel))
end

-- Reads what a write needs.
local function load(project, channel)
  local meta = redis.call('HMGET', project.keys .. 'meta', 'owner', 'created', 'origin', 'hw', 'k', 'tips', channel)
  project.owner, project.created, project.origin = meta[1], meta[2], tonumber(meta[3] or 0)
  project.high, project.late, project.tips = tonumber(meta[4] or 0), tonumber(meta[5] or 0), meta[6] or ''
  set_log(project, channel, meta[7])
  local time = redis.call('TIME')
  project.microseconds = tonumber(time[1]) * 1000000 + tonumber(time[2])
  project.now = math.floor(project.microseconds / 1000)
end

-- Whatever may be refused is asked for before anything is done: a refused command would not undo the ones before it.
local function authorize(command, ...)
  if redis.acl_check_cmd and not redis.acl_check_cmd(command, ...) then
    error({err = 'NOPERM this user may not run ' .. command .. ' on ' .. tostring((...)) .. ', which the hub needs'})
  end
end

local function authorize_writes(project, channel)
  local meta, log = project.keys .. 'meta', log_key(project, channel)
  authorize('XADD', log, '1-0', 'e', '')
  authorize('XTRIM', log, 'MINID', '1-0')
  authorize('HSET', meta, 'hw', '1')
  authorize('EXPIRE', meta, '1')
end
