-- Sends prepared requests from a file, so the generator has the same cost for every server. All requests have the same
-- size. Arguments: the file, the size of a request, and the order. "random" picks requests at random. "once" sends each
-- request once, starting at the number that follows.

local data, size, count, order, at

function init(args)
  local file = assert(io.open(args[1], "rb"))
  data = file:read("*a")
  file:close()
  size = tonumber(args[2])
  count = #data / size
  order = args[3]
  at = tonumber(args[4] or 0)
  math.randomseed(os.time())
end

function request()
  if order == "random" then
    at = math.random(0, count - 1)
  else
    at = at + 1
    if at > count then error("the file has too few requests") end
    return data:sub((at - 1) * size + 1, at * size)
  end
  return data:sub(at * size + 1, (at + 1) * size)
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\n{"requests":%d,"microseconds":%d,"failed":%d,"refused":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.timeout, e.status,
    latency:percentile(50), latency:percentile(99)))
end
