-- tributary_version 0 [prefix] → [code, revision, hash] of what is loaded for the prefix
local function version(_, args)
  local catalog = catalogs[args[1] or '']
  if not catalog then return {code} end
  return {code, catalog.revision, catalog.hash}
end

redis.register_function('tributary_publish', guarded(publish))
redis.register_function('tributary_record', guarded(record))
redis.register_function('tributary_trim', guarded(trim_aged))
redis.register_function('tributary_listen', guarded(listen))
redis.register_function('tributary_leave', guarded(leave))
redis.register_function({function_name = 'tributary_version', callback = guarded(version), flags = {'no-writes'}})
