-- Earmark in Ardour 7, without a window: `cargo xtask hosts ardour` starts it in luasession.
-- A session is recorded, its files are replaced by the demo, and every mode is tried on it.
-- WORK: an empty folder; OFFLINE: what `cargo xtask host --rate 48000` wrote of the same demo.

local WORK, OFFLINE = os.getenv("WORK"), os.getenv("OFFLINE")
local EARMARK = "4561726D61726B506C7567696E456172"
local RATE, SECONDS = 48000, 30
-- Sections of the demo that are played in real time, in seconds.
local PLAYED = 12
-- Earmark says in real time what it knows one block and 12 ms later than offline; a control period is 10 ms.
local BLOCK = 1024
local LAG = BLOCK / RATE + 0.012
local PERIOD = 0.010

local failed, passed = 0, 0
local function expect(what, holds, found)
  if holds then passed = passed + 1 else failed = failed + 1 end
  print((holds and "ok      " or "FAILED  ") .. what .. (found and ("  (" .. tostring(found) .. ")") or ""))
end

-- WAV files -----------------------------------------------------------------------------------------------------------

-- The channels of a float WAV file, as packed strings.
local function read_wav(path)
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
local function write_mono(path, samples, frames)
  local data = samples:sub(1, 4 * frames)
  data = data .. string.rep("\0", 4 * frames - #data)
  local file = assert(io.open(path, "wb"))
  file:write("RIFF", string.pack("<I4", 36 + #data), "WAVEfmt ", string.pack("<I4I2I2I4I4I2I2", 16, 3, 1, RATE, 4 * RATE, 4, 32))
  file:write("data", string.pack("<I4", #data), data)
  file:close()
end

local function lines(command)
  local found = {}
  local pipe = assert(io.popen(command))
  for line in pipe:lines() do found[#found + 1] = line end
  pipe:close()
  return found
end

-- The offline curve ---------------------------------------------------------------------------------------------------

local offline = {}
for line in io.lines(OFFLINE .. "/events.csv") do
  local time, kind, id, value = line:match("^([^,]*),([^,]*),([^,]*),([^,]*)")
  if kind == "value" then
    offline[id] = offline[id] or {}
    table.insert(offline[id], { tonumber(time), tonumber(value) })
  end
end

-- Whether `value` is one that the offline curve takes within `slack` of `time`.
local function offline_near(id, time, value, slack)
  local held = 0
  for _, point in ipairs(offline[id]) do
    if point[1] > time + slack then break end
    if math.abs(point[2] - value) < 0.01 and point[1] >= time - slack then return true end
    if point[1] <= time - slack then held = point[2] end
  end
  return math.abs(held - value) < 0.01
end

-- The session ---------------------------------------------------------------------------------------------------------

local function backend()
  local b = AudioEngine:set_backend("None (Dummy)", "", "")
  assert(not b:isnil(), "no dummy backend")
  b:set_device_name("Silence")
  b:set_buffer_size(BLOCK)
  return b
end

local function sleep(seconds)
  ARDOUR.LuaAPI.usleep(math.floor(1e6 * seconds))
end

local function roll(s, seconds)
  s:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
  sleep(seconds)
  s:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
  sleep(0.8)
end

local function locate(s, seconds)
  s:request_locate(math.floor(seconds * RATE), false, ARDOUR.LocateTransportDisposition.MustStop, ARDOUR.TransportRequestSource.TRS_UI)
  sleep(0.5)
end

local folder = WORK .. "/session"
backend()
local s = create_session(folder, "earmark", RATE)
assert(s, "no session")
local t = s:new_audio_track(2, 2, nil, 1, "song", ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true):front()
t:rec_enable_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
sleep(0.3)
s:maybe_enable_record()
roll(s, SECONDS + 0.5)
t:rec_enable_control():set_value(0, PBD.GroupControlDisposition.NoGroup)
sleep(0.3)
s:save_state("", false, false, false, false, false)
close_session()

-- The recorded files, with the demo in them.
local demo = read_wav(OFFLINE .. "/out.wav")
local files = lines("find " .. folder .. "/interchange -name '*.wav' | sort")
expect("two files were recorded", #files == 2, #files)
local frames = 0
for channel, path in ipairs(files) do
  local size = assert(io.open(path, "rb")):seek("end")
  frames = (size - 100) // 4
  write_mono(path, demo[channel] or demo[1], frames)
end

-- The session again, with Earmark on its track ----------------------------------------------------------------------

backend()
s = assert(load_session(folder, "earmark"), "the session does not open")
t = s:route_by_name("song"):to_track()
local p = ARDOUR.LuaAPI.new_plugin(s, EARMARK, ARDOUR.PluginType.VST3, "")
expect("Ardour offers Earmark", not p:isnil())
t:add_processor_by_index(p, 0, nil, true)

-- Index among the plugin's controls, by name.
local which = {}
local function index(proc)
  local plug, n = proc:to_insert():plugin(0), 0
  for i = 0, plug:parameter_count() - 1 do
    if plug:parameter_is_control(i) then
      which[plug:parameter_label(i)] = n
      n = n + 1
    end
  end
  return n
end
expect("it has its 34 parameters", index(p) >= 33, index(p))

local MODES = { off = 0, show = 1, write = 2, read = 3 }
local LANES = { { "Vocal", "vocal" }, { "Vocal gate", "vocal_gate" } }

local function set(name, value)
  assert(ARDOUR.LuaAPI.set_processor_param(p, which[name], value), name)
  sleep(0.1)
end

-- Ardour's own number of a parameter.
local function control_id(name)
  local plug = p:to_insert():plugin(0)
  for i = 0, plug:parameter_count() - 1 do
    if plug:parameter_label(i) == name then return i end
  end
end

local function control(name)
  return p:to_insert():to_automatable():automation_control(Evoral.Parameter(ARDOUR.AutomationType.PluginAutomation, 0, control_id(name)), true)
end

local function lane(name)
  local al, cl, pd = ARDOUR.LuaAPI.plugin_automation(p, which[name])
  return al, cl, pd
end

-- The points of a lane: seconds and values.
local function points(name)
  local _, cl = lane(name)
  local found = {}
  for e in cl:events():iter() do found[#found + 1] = { e.when:samples() / RATE, e.value } end
  return found
end

local function clear(state)
  for _, pair in ipairs(LANES) do
    local al = lane(pair[1])
    al:clear_list()
    control(pair[1]):set_automation_state(state)
  end
end

-- Undo steps that the session knows.
local function undo_steps()
  s:save_state("", false, false, false, false, false)
  local n = 0
  local history = io.open(folder .. "/earmark.history")
  if history then
    for _ in history:read("a"):gmatch("<UndoTransaction") do n = n + 1 end
    history:close()
  end
  return n
end

-- The most and the least that a parameter shows while the song plays.
local function play_and_watch(name, seconds)
  local c, low, high = control(name), 2, -1
  s:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
  for _ = 1, seconds * 40 do
    sleep(0.025)
    low, high = math.min(low, c:get_value()), math.max(high, c:get_value())
  end
  s:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
  sleep(0.8)
  return low, high
end

-- Show: values move, nothing is recorded --------------------------------------------------------------------------------

for _, state in ipairs({ "Write", "Touch", "Latch" }) do
  set("Automation", MODES.show)
  clear(ARDOUR.AutoState[state])
  locate(s, 0)
  local before = undo_steps()
  local low, high = play_and_watch("Vocal", PLAYED)
  expect("show, " .. state .. ": values move", low < 0.2 and high > 0.8, string.format("%.2f to %.2f", low, high))
  for _, pair in ipairs(LANES) do
    local n = #points(pair[1])
    -- In Write, Ardour itself keeps where a lane stands when the transport starts and stops.
    expect("show, " .. state .. ": nothing is recorded of " .. pair[2], n <= 2, n .. " points")
  end
  expect("show, " .. state .. ": no undo step", undo_steps() == before, before .. " before, " .. undo_steps() .. " after")
end

-- Write: points follow the offline curve --------------------------------------------------------------------------------

for _, state in ipairs({ "Write", "Touch", "Latch" }) do
  clear(ARDOUR.AutoState[state])
  set("Automation", MODES.write)
  locate(s, 0)
  roll(s, PLAYED)
  for _, pair in ipairs(LANES) do
    local recorded, off = points(pair[1]), 0
    for _, point in ipairs(recorded) do
      -- Ardour reads output values once in a process cycle and reflects them on its own clock.
      if point[1] > 0.5 and not offline_near(pair[2], point[1] - LAG, point[2], PERIOD + 2 * BLOCK / RATE + 0.1) then
        off = off + 1
      end
    end
    local wanted = pair[2] == "vocal" and 30 or 4
    expect("write, " .. state .. ": " .. pair[2] .. " is recorded", #recorded >= wanted, #recorded .. " points")
    expect("write, " .. state .. ": " .. pair[2] .. " follows the offline curve", off <= #recorded // 50, off .. " off")
  end
  set("Automation", MODES.show)
  if state ~= "Latch" then locate(s, 0) end
end

for _, pair in ipairs(LANES) do
  local file = io.open(WORK .. "/" .. pair[2] .. ".csv", "w")
  for _, point in ipairs(points(pair[1])) do file:write(string.format("%.6f,%.6f\n", point[1], point[2])) end
  file:close()
end

close_session()
print(passed .. " passed, " .. failed .. " failed")
quit()
