-- wrk script: one request over and over, from the environment, or (BENCH_SIGNED) a file of signed bodies one after the other, so that
-- nothing is a repeat to the receiver. The result is a line of JSON.
wrk.method = os.getenv("BENCH_METHOD")
wrk.body = os.getenv("BENCH_BODY")
wrk.headers["Authorization"] = os.getenv("BENCH_AUTHORIZATION")
local signed = os.getenv("BENCH_SIGNED")
if wrk.body or signed then wrk.headers["Content-Type"] = "application/json" end

if signed then
  -- each line: the value of each of these headers, then the body
  local names = {}
  for name in os.getenv("BENCH_SIGNED_HEADERS"):gmatch("[^,]+") do names[#names + 1] = name end
  local events, n = {}, 0
  for line in io.lines(signed) do
    local one = {}
    for i = 1, #names do
      one[i], line = line:match("^(%S+) (.*)$")
    end
    one[#names + 1] = line
    events[#events + 1] = one
  end
  request = function()
    local one = events[n % #events + 1]
    n = n + 1
    for i = 1, #names do wrk.headers[names[i]] = one[i] end
    return wrk.format(nil, nil, nil, one[#names + 1])
  end
end

done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"rps":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"requests":%d,"non2xx":%d,"errors":%d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.requests, e.status,
    e.connect + e.read + e.write + e.timeout))
end
