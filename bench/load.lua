-- wrk script: one request over and over, from the environment, or (BENCH_SIGNED) a file of signed bodies one after the other, so that
-- nothing is a repeat to the receiver. The result is a line of JSON.
wrk.method = os.getenv("BENCH_METHOD")
wrk.body = os.getenv("BENCH_BODY")
wrk.headers["Authorization"] = os.getenv("BENCH_AUTHORIZATION")
local signed = os.getenv("BENCH_SIGNED")
if wrk.body or signed then wrk.headers["Content-Type"] = "application/json" end

if signed then
  -- each line: the value of each of these headers, then the body. All requests are made before the first is sent: to make one takes this program
  -- longer than to answer it takes the server.
  local requests, n = {}, 0
  init = function()
    local names, values = {}, {}
    for name in os.getenv("BENCH_SIGNED_HEADERS"):gmatch("[^,]+") do names[#names + 1] = name end
    local head = wrk.format():match("^(.-\r\n)\r\n"):gsub("Content%-Length:[^\n]*\n", ""):gsub("Authorization:[^\n]*\n", "")
    for line in io.lines(signed) do
      local one = head
      for i = 1, #names do
        values[i], line = line:match("^(%S+) (.*)$")
        one = one .. names[i] .. ": " .. values[i] .. "\r\n"
      end
      requests[#requests + 1] = one .. "Content-Length: " .. #line .. "\r\n\r\n" .. line
    end
  end
  request = function()
    n = n + 1
    return requests[(n - 1) % #requests + 1]
  end
end

done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"rps":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"requests":%d,"non2xx":%d,"errors":%d}\n',
    summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, summary.requests, e.status,
    e.connect + e.read + e.write + e.timeout))
end
