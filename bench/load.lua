-- wrk script: one request over and over, from the environment, or (BENCH_SIGNED) a file of signed bodies one after the other, so that
-- nothing is a repeat to the receiver. The result is a line of JSON.
wrk.method = os.getenv("BENCH_METHOD")
wrk.body = os.getenv("BENCH_BODY")
wrk.headers["Authorization"] = os.getenv("BENCH_AUTHORIZATION")
local signed = os.getenv("BENCH_SIGNED")
if wrk.body or signed then wrk.headers["Content-Type"] = "application/json" end

if signed then
  local events, n = {}, 0
  for line in io.lines(signed) do
    local time, signature, body = line:match("^(%S+) (%S+) (.*)$")
    events[#events + 1] = { time, signature, body }
  end
  request = function()
    local one = events[n % #events + 1]
    n = n + 1
    wrk.headers["X-Webhook-Timestamp"], wrk.headers["X-Webhook-Signature"] = one[1], one[2]
    return wrk.format(nil, nil, nil, one[3])
  end
end

done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"rps":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"requests":%d,"non2xx":%d,"errors":%d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.requests, e.status,
    e.connect + e.read + e.write + e.timeout))
end
