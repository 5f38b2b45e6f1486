-- HAProxy asks Upblit about the key of a request: haproxy.cfg, beside this file, says when.
local UPBLIT = "http://" .. os.getenv("UPBLIT_ADDRESS") .. "/apikey/verify"
-- A service key with the scope keys:verify.
local SERVICE_KEY = os.getenv("UPBLIT_SERVICE_KEY")
-- What of the client's request is part of the question.
local ASKED = {"x-api-key", "authorization", "x-request-id"}
local IDENTITY = {"x-key-id", "x-application-id", "x-owner-id", "x-key-scopes"}
local PASSED_ON = {
  "content-type", "www-authenticate", "retry-after", "ratelimit", "ratelimit-policy", "x-request-id", "cache-control"
}
-- Any other failure to get a verdict is a 503.
local REFUSALS = {[400] = true, [401] = true, [403] = true, [429] = true}

core.register_action("upblit", {"http-req"}, function(txn)
  local sent, question = txn.http:req_get_headers(), {["x-forwarded-for"] = {txn.f:src()}, ["x-service-key"] = {SERVICE_KEY}}
  for _, name in ipairs(ASKED) do
    if sent[name] then question[name] = {sent[name][0]} end
  end
  local scopes = txn:get_var("txn.scopes")
  local url = UPBLIT .. (scopes and "?scopes=" .. scopes or "")
  local answer = core.httpclient():get{url = url, headers = question, timeout = 5000}
  local headers = answer and answer.headers or {}

  if answer and answer.status == 200 and headers["x-key-id"] then
    for _, name in ipairs(IDENTITY) do
      if headers[name] then txn.http:req_set_header(name, headers[name][0]) end
    end
    return
  end

  local isRefusal = answer ~= nil and REFUSALS[answer.status] == true
  local reply = txn:reply{status = isRefusal and answer.status or 503}
  if isRefusal then
    for _, name in ipairs(PASSED_ON) do
      if headers[name] then reply:add_header(name, headers[name][0]) end
    end
    reply:set_body(answer.body)
  end
  txn:done(reply)
end)
