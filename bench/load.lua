-- Sends requests that stand ready-made in a file, all of one size, so that every server gets them at the same cost to
-- the generator. Arguments: the file, the size of a request, and how to go through them: "random" or "once" (in
-- order, from the number that follows; what must not be sent twice).

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
    if at > count then error("more requests were asked for than are in the file") end
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
