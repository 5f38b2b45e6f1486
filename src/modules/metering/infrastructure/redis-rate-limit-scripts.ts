/*
 * The log of one limit is a list of triplets (first, last, units), oldest first, in microseconds since the epoch,
 * packed by cmsgpack: what domain/hit-log.ts describes, for RATE_LIMIT_STORE=redis. The two change together.
 * A script runs alone in its server, so nothing comes between reading and writing.
 */
const HITS = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function read(key)
  local packed = redis.call('GET', key)
  return packed and cmsgpack.unpack(packed) or {}
end

-- The last arguments say how long it lives.
local function write(key, hits, ...)
  if #hits > 0 then
    redis.call('SET', key, cmsgpack.pack(hits), ...)
  else
    redis.call('DEL', key)
  end
end

local function units(hits)
  local total = 0
  for i = 3, #hits, 3 do total = total + hits[i] end
  return total
end
`;

/**
 * KEYS: one for each limit. ARGV: how many verifications, the time in microseconds ('' for the server's), and for
 * each limit its units, its window in microseconds, and its cost. Returns granted, time, and for each limit the
 * used units and the microseconds until more is free, all as strings: Redis cuts numbers to integers of its own.
 */
export const TAKE = `${HITS}
-- What is still in the window, and whether time has changed it. A clock that went back is taken to have stood still
-- since the last hit.
local function live(hits, moment, window)
  local ahead = #hits > 0 and hits[#hits - 1] - moment or 0
  -- Nearly always.
  if #hits == 0 or (ahead <= 0 and hits[2] > moment - window) then return hits, false end
  local result = {}
  for i = 1, #hits, 3 do
    local first, last = hits[i], hits[i + 1]
    if ahead > 0 then first, last = first - ahead, last - ahead end
    if last > moment - window then
      result[#result + 1] = first
      result[#result + 1] = last
      result[#result + 1] = hits[i + 2]
    end
  end
  return result, ahead > 0 or #result < #hits
end

-- Adds units; a 65th triplet joins the two neighbours that lie closest together.
local function add(hits, moment, count)
  if #hits > 0 and hits[#hits - 1] == moment then
    hits[#hits] = hits[#hits] + count
    return
  end
  hits[#hits + 1] = moment
  hits[#hits + 1] = moment
  hits[#hits + 1] = count
  if #hits <= 64 * 3 then return end
  local closest, shortest = 1, math.huge
  for i = 1, #hits - 3, 3 do
    local span = hits[i + 4] - hits[i]
    if span < shortest then closest, shortest = i, span end
  end
  hits[closest + 1] = hits[closest + 4]
  hits[closest + 2] = hits[closest + 2] + hits[closest + 5]
  for _ = 1, 3 do table.remove(hits, closest + 3) end
end

-- Microseconds until so many units, or the oldest, will have left the window.
local function free_in(hits, excess, window, moment)
  local freed = 0
  for i = 1, #hits, 3 do
    freed = freed + hits[i + 2]
    if freed >= excess then return hits[i + 1] + window - moment end
  end
  return 0
end

local granted = tonumber(ARGV[1])
local moment = ARGV[2] == '' and now() or tonumber(ARGV[2])
local limits = {}
for i, key in ipairs(KEYS) do
  local limit = {
    limit = tonumber(ARGV[3 * i]), window = tonumber(ARGV[3 * i + 1]), cost = tonumber(ARGV[3 * i + 2]),
  }
  limit.hits, limit.changed = live(read(key), moment, limit.window)
  limits[i] = limit
  granted = math.min(granted, math.max(0, math.floor((limit.limit - units(limit.hits)) / limit.cost)))
end

local answer = { tostring(granted), string.format('%.0f', moment) }
for i, key in ipairs(KEYS) do
  local limit = limits[i]
  if granted > 0 then add(limit.hits, moment, granted * limit.cost) end
  if granted > 0 or limit.changed then
    write(key, limit.hits, 'PX', math.ceil(limit.window / 1000) + 1000)
  end
  local used = units(limit.hits)
  answer[#answer + 1] = string.format('%.0f', used)
  answer[#answer + 1] =
    string.format('%.0f', free_in(limit.hits, used + limit.cost - limit.limit, limit.window, moment))
end
return answer
`;

/** KEYS: one for each limit. ARGV: the time of the hit in microseconds, and for each limit the units to take back. */
export const REFUND = `${HITS}
local moment = tonumber(ARGV[1])
for k, key in ipairs(KEYS) do
  local hits, count = read(key), tonumber(ARGV[k + 1])
  for i = 1, #hits, 3 do
    if moment >= hits[i] and moment <= hits[i + 1] then
      if hits[i + 2] > count then
        hits[i + 2] = hits[i + 2] - count
      else
        for _ = 1, 3 do table.remove(hits, i) end
      end
      write(key, hits, 'KEEPTTL')
      break
    end
  end
end
`;
