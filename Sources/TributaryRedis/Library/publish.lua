local reserved = {
  connected = true, subscribed = true, gap = true, heartbeat = true, ['replay.end'] = true, server_close = true,
  error = true, open = true, message = true,
}

-- With settings of its own: `NaN`, `0x1` and `01` are no JSON. Made with the first event: a library that loads has no cjson.
local json
-- One level less than the hub reads: the envelope is one around the data.
local maximum_depth = 255

local function decode(data)
  if not json then
    json = cjson.new()
    json.decode_invalid_numbers(false)
    json.decode_max_depth(maximum_depth)
  end
  return json.decode(data)
end

-- Larger data is not looked into: cjson takes 13 ms for 0.9 MB, and the hub looks anyway.
local checked_bytes = 8192

local function is_utf8(text)
  if not string.find(text, '[\128-\255]') then return true end
  text = string.gsub(text, '[\194-\223][\128-\191]', ' ')
  text = string.gsub(text, '\224[\160-\191][\128-\191]', ' ')
  text = string.gsub(text, '[\225-\236\238\239][\128-\191][\128-\191]', ' ')
  text = string.gsub(text, '\237[\128-\159][\128-\191]', ' ')
  text = string.gsub(text, '\240[\144-\191][\128-\191][\128-\191]', ' ')
  text = string.gsub(text, '[\241-\243][\128-\191][\128-\191][\128-\191]', ' ')
  text = string.gsub(text, '\244[\128-\143][\128-\191][\128-\191]', ' ')
  return not string.find(text, '[\128-\255]')
end

-- Whether JSON that satisfies cjson holds what is none: a line break in a string, `1.` or `-.5`, or a zero byte, behind which
-- cjson does not look.
local function is_loose(data)
  if string.find(data, '%z') then return true end
  local is_broken = false
  local bare = string.gsub(data, '\\.', '')
  bare = string.gsub(bare, '"([^"]*)"', function(text)
    is_broken = is_broken or string.find(text, '[%z\1-\31]') ~= nil
    return '""'
  end)
  return is_broken or string.find(bare, '-.', 1, true) ~= nil or string.find(bare .. ' ', '%d%.%D') ~= nil
end

local function is_json(data)
  -- Half a surrogate pair is JSON, but not to cjson.
  if string.find(data, '\\u', 1, true) then
    data = string.gsub(data, '\\\\', 'xx')
    data = string.gsub(data, '\\u%x%x%x%x', 'x')
  end
  if not pcall(decode, data) then return false end
  -- A match from the start is by far the fastest, and most data is no more than this.
  local is_plain = string.find(data, '^[ -~]*$')
  if not is_plain and not is_utf8(data) then return false end
  return (is_plain and not string.find(data, '.', 1, true)) or not is_loose(data)
end

local function quote(text)
  if string.find(text, '^[%w._:-]*$') then return '"' .. text .. '"' end
  local escaped = string.gsub(text, '[%z\1-\31"\\]', function(character)
    if character == '"' or character == '\\' then return '\\' .. character end
    return string.format('\\u%04x', string.byte(character))
  end)
  return '"' .. escaped .. '"'
end

-- What the catalog says of an event: the channel's own listing, then any channel's, then a family, then the channel.
local function is_durable(catalog, channel, event)
  local flag = catalog.channels[channel].events[event]
  if flag == nil then flag = catalog.events[event] end
  if flag == nil then
    for _, family in ipairs(catalog.families) do
      if string.sub(event, 1, #family[1]) == family[1] then
        if family[2] == channel then
          flag = family[3]
          break
        end
        if flag == nil then flag = family[3] end
      end
    end
  end
  if flag == nil or flag == 'channel' then return catalog.channels[channel].durable end
  return flag
end

local function is_printable(text)
  return not string.find(text, '[%z\1-\31\127]') and not string.find(text, '\194[\128-\159]')
    and not string.find(text, '\226\128[\168\169]') and is_utf8(text)
end

local function user_of(value)
  local user = string.match(value, '^user:(.+)$')
  return user and #user <= 256 and is_printable(user) and user
end

-- W3C Trace Context: 00-<32 hex digits>-<16>-<2>. Version ff, and ids of zeros alone, are none.
local function is_traceparent(text)
  local version, trace, span = string.match(text, '^([0-9a-f][0-9a-f])%-([0-9a-f]+)%-([0-9a-f]+)%-[0-9a-f][0-9a-f]$')
  return version and version ~= 'ff' and #trace == 32 and #span == 16
    and string.find(trace, '[^0]') and string.find(span, '[^0]')
end

local syntax = 'channel event data [ID n] [CLIENT_MSG_ID text] [TO user:id] [FROM user:id] [TRACEPARENT text]'

-- Inputs: option and value in turn, from the fourth argument on.
local function read_options(request, args)
  for index = 4, #args, 2 do
    local option, value = string.upper(args[index]), args[index + 1]
    if not value then refuse('syntax', option .. ' needs a value') end
    if option == 'ID' and not request.id then
      request.id = string.match(value, '^%d+$') and #value <= 16 and tonumber(value)
      if not request.id or request.id < 1 or request.id > maximum_id then
        refuse('invalid_id', 'an id is a whole number from 1 to 9007199254740991')
      end
    elseif option == 'CLIENT_MSG_ID' and not request.client_msg_id then
      if #value < 1 or #value > 256 or not is_utf8(value) then
        refuse('invalid_client_msg_id', 'a client_msg_id has 1 to 256 bytes of UTF-8')
      end
      request.client_msg_id = value
    elseif option == 'TO' and not request.user then
      request.user = user_of(value)
      if not request.user then
        refuse('invalid_recipient', 'TO is user:<id>, the id 1 to 256 bytes of printable UTF-8')
      end
    elseif option == 'FROM' and not request.sender then
      request.sender = user_of(value)
      if not request.sender then
        refuse('invalid_sender', 'FROM is user:<id>, the id 1 to 256 bytes of printable UTF-8')
      end
    elseif option == 'TRACEPARENT' and not request.traceparent then
      if not is_traceparent(value) then
        refuse('invalid_traceparent', 'a traceparent is 00-<32 hex digits>-<16>-<2> in lower case, as W3C Trace Context has it')
      end
      request.traceparent = value
    else
      refuse('syntax', syntax .. ', each once')
    end
  end
end

-- Inputs: channel, event, data, options.
local function read_request(project, args)
  if #args < 2 then refuse('syntax', syntax) end
  local request = {channel = resolve(project, args[1]), event = args[2], data = args[3] or ''}
  local event, data = request.event, request.data
  local is_plain = string.find(event, '^[ -~]+$')
  if #event < 1 or #event > 256 or not (is_plain or (is_utf8(event) and not string.find(event, '[%z\1-\31\127]'))) then
    refuse('invalid_event', 'an event is named by 1 to 256 bytes of UTF-8 on one line')
  end
  if reserved[event] then refuse('reserved_event', 'only the hub itself sends "' .. event .. '"') end
  if not string.find(data, '[^ \t\r\n]') then refuse('missing_data', 'the data is any JSON value, null if there is none') end
  if #data <= checked_bytes and not is_json(data) then refuse('malformed_data', 'the data is not one JSON value in UTF-8') end
  read_options(request, args)
  request.is_durable = is_durable(project.catalog, request.channel, event)
  return request
end

-- Writes the envelope; `id`, `place`, `prev` and `seen` are a durable event's.
local function envelope_of(project, request, id, place, prev, seen)
  local parts = {'{"event":', quote(request.event)}
  local function add(text) parts[#parts + 1] = text end
  local placement = ''
  if id then
    add(',"id":"' .. digits(id) .. '"')
    placement = ',"prev":"' .. prev .. '"'
    if #seen > 0 then
      local members = {}
      for index = 1, #seen, 2 do members[#members + 1] = '"' .. seen[index] .. '":"' .. seen[index + 1] .. '"' end
      placement = placement .. ',"seen":{' .. table.concat(members, ',') .. '}'
    end
    placement = placement .. ',"position":"' .. place .. '","log":"' .. (project.created or digits(project.microseconds)) .. '"'
    add(placement)
  end
  if request.user then add(',"to":{"user":' .. quote(request.user) .. '}') end
  if request.client_msg_id then add(',"client_msg_id":' .. quote(request.client_msg_id)) end
  if request.traceparent then add(',"traceparent":"' .. request.traceparent .. '"') end
  add(',"ts":' .. digits(project.now) .. ',"data":')
  add(request.data)
  add('}')
  local envelope = table.concat(parts)
  -- The limit is the publisher's; what the log says comes on top.
  if #envelope - #placement > project.catalog.maximum then
    refuse('too_large', 'an envelope has at most ' .. digits(project.catalog.maximum) .. ' bytes')
  end
  return envelope
end

-- A user's own events have keys of their own: `sender>recipient` where others have the recipient alone.
local function dedupe_key(project, request)
  local function escaped(user)
    return (string.gsub(user or '', '[%%{}:>]', function(c) return string.format('%%%02X', string.byte(c)) end))
  end
  local users = (request.sender and escaped(request.sender) .. '>' or '') .. escaped(request.user)
  return project.keys .. 'dedupe:' .. request.channel .. ':' .. users .. ':' .. request.client_msg_id
end

-- The id and the place of a durable event, and whether it is in the log already.
local function assign(project, request)
  local owner = request.id and 'publisher' or 'hub'
  if project.owner and project.owner ~= owner then
    refuse('timeline_owner_mismatch', 'the ids of this project come from the ' .. project.owner
      .. (request.id and '; leave ID out' or '; give each event its ID'))
  end
  if request.id then
    local place, is_known = place_of(project, request.channel, request.id)
    return request.id, place, is_known
  end
  local id = math.max(project.high + 1, project.microseconds)
  if id > maximum_id then refuse('ids_exhausted', 'the project has used its highest id') end
  return id, digits(id) .. '-0', false
end

-- tributary_publish 1 {p1} channel event data [ID n] [CLIENT_MSG_ID text] [TO user:id] [FROM user:id] [TRACEPARENT text]
-- → [id, duplicate]; the id is null for an ephemeral event.
local function publish(keys, args)
  local project = open(keys)
  local request = read_request(project, args)
  local channel, dedupe = request.channel, request.client_msg_id and dedupe_key(project, request)
  if dedupe then
    local first = redis.call('GET', dedupe)
    if first then return {first ~= '0' and tonumber(first), 1} end
  end
  load(project, channel)
  local id, place, envelope
  if request.is_durable then
    local is_known
    id, place, is_known = assign(project, request)
    if is_known then return {id, 1} end
    envelope = envelope_of(project, request, id, place, chain(project, channel))
    authorize_writes(project, channel)
  else
    envelope = envelope_of(project, request)
  end
  if dedupe then authorize('SET', dedupe, '', 'EX', '1') end
  if is_cluster then
    redis.call('SPUBLISH', project.topics .. channel .. ':{' .. project.name .. '}', envelope)
  else
    redis.call('PUBLISH', project.topics .. channel .. ':' .. project.name, envelope)
  end
  if id then
    append(project, channel, id, place, envelope, request.id and 'publisher' or 'hub')
    save(project)
  end
  -- 24 hours.
  if dedupe then redis.call('SET', dedupe, id and digits(id) or '0', 'EX', 86400) end
  return {id or false, 0}
end
