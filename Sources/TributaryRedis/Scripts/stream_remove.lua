-- ARGV: lifetime, then the streams

for index = 2, #ARGV do drop(ARGV[index]) end
sweep()
