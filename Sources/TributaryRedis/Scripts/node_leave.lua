-- KEYS: as in node_beat.lua
-- ARGV: the node

redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
