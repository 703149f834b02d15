-- What both scripts for Ardour need. SCRIPTS: the folder that they lie in.

-- What was found is told even if Ardour does not come to the end.
io.stdout:setvbuf("line")

local common = {}

common.RATE, common.BLOCK = 48000, 1024
local RATE = common.RATE

local failed, passed = 0, 0
function common.expect(what, holds, found)
  if holds then passed = passed + 1 else failed = failed + 1 end
  print((holds and "ok      " or "FAILED  ") .. what .. (found and ("  (" .. tostring(found) .. ")") or ""))
end

-- The last line of a script; without it, it did not come to its end.
function common.tally()
  print(passed .. " passed, " .. failed .. " failed")
end

-- The plugin's controls by name: index among the controls, Ardour's own number, and how many there are.
function common.controls(processor)
  local plug, which, ids, n = processor:to_insert():plugin(0), {}, {}, 0
  for i = 0, plug:parameter_count() - 1 do
    if plug:parameter_is_control(i) then
      which[plug:parameter_label(i)], ids[plug:parameter_label(i)] = n, i
      n = n + 1
    end
  end
  return which, ids, n
end

-- WAV files -----------------------------------------------------------------------------------------------------------

-- The channels of a float WAV file, as packed strings.
function common.read_wav(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("a")
  file:close()
  local at, channels, data = 13, 0, nil
  while at < #bytes do
    local id, size = string.unpack("<c4I4", bytes, at)
    if id == "fmt " then channels = string.unpack("<I2", bytes, at + 10) end
    if id == "data" then data = bytes:sub(at + 8, at + 7 + size) end
    at = at + 8 + size + size % 2
  end
  local split = {}
  for channel = 1, channels do
    local samples = {}
    for frame = 0, #data // (4 * channels) - 1 do
      local from = 4 * (frame * channels + channel - 1)
      samples[#samples + 1] = data:sub(from + 1, from + 4)
    end
    split[channel] = table.concat(samples)
  end
  return split
end

-- Writes one channel of `frames` floats, silent beyond `samples`.
function common.write_mono(path, samples, frames)
  local data = samples:sub(1, 4 * frames)
  data = data .. string.rep("\0", 4 * frames - #data)
  local file = assert(io.open(path, "wb"))
  file:write("RIFF", string.pack("<I4", 36 + #data), "WAVEfmt ", string.pack("<I4I2I2I4I4I2I2", 16, 3, 1, RATE, 4 * RATE, 4, 32))
  file:write("data", string.pack("<I4", #data), data)
  file:close()
end

function common.lines(command)
  local found = {}
  local pipe = assert(io.popen(command))
  for line in pipe:lines() do found[#found + 1] = line end
  pipe:close()
  return found
end

-- Sessions -----------------------------------------------------------------------------------------------------------

function common.backend()
  local b = AudioEngine:set_backend("None (Dummy)", "", "")
  assert(not b:isnil(), "no dummy backend")
  b:set_device_name("Silence")
  b:set_buffer_size(common.BLOCK)
  return b
end

function common.sleep(seconds)
  ARDOUR.LuaAPI.usleep(math.floor(1e6 * seconds))
end

function common.locate(s, seconds)
  s:request_locate(math.floor(seconds * RATE), false, ARDOUR.LocateTransportDisposition.MustStop, ARDOUR.TransportRequestSource.TRS_UI)
  common.sleep(0.5)
end

-- Waits until the transport has come so far, and meanwhile looks 40 times a second. By the transport, since a busy machine
-- is slower than the clock.
function common.play_until(s, seconds, look)
  for _ = 1, 200 * seconds do
    common.sleep(0.025)
    if look then look(s:transport_sample() / RATE) end
    if s:transport_sample() >= seconds * RATE then return end
  end
end

-- A lane by hand: points of seconds and values.
function common.draw(al, points)
  for _, point in ipairs(points) do
    al:add(Temporal.timepos_t(math.floor(point[1] * RATE)), point[2], false, true)
  end
end

-- An edited gate: open from 2 s to 4 s and from 6 s to 7 s, where the demo's voice is not.
common.EDITED = { { 0, 0 }, { 1.999, 0 }, { 2, 1 }, { 3.999, 1 }, { 4, 0 }, { 5.999, 0 }, { 6, 1 }, { 6.999, 1 }, { 7, 0 } }

return common
