-- Earmark in Ardour 7, without a window: `cargo xtask hosts ardour` starts it in luasession.
-- A session is recorded, its files are replaced by the demo, and every mode is tried on it.
-- SCRIPTS: where this script lies; WORK: an empty folder; OFFLINE: what `cargo xtask host --rate 48000` wrote of the same demo.

local common = dofile(os.getenv("SCRIPTS") .. "/ardour_common.lua")
local expect, read_wav, write_mono, lines = common.expect, common.read_wav, common.write_mono, common.lines
local backend, sleep, locate, RATE, BLOCK = common.backend, common.sleep, common.locate, common.RATE, common.BLOCK

local WORK, OFFLINE = os.getenv("WORK"), os.getenv("OFFLINE")
local EARMARK = "4561726D61726B506C7567696E456172"
local SECONDS = 30
-- Sections of the demo that are played in real time, in seconds.
local PLAYED = 12
-- Earmark says in real time what it knows one block and 12 ms later than offline; a control period is 10 ms.
local LAG = BLOCK / RATE + 0.012
local PERIOD = 0.010
-- An export preset of our own: 32 bit floats, because Ardour's "wav" has 16 bits and dithers them by chance.
local WAV = "5b1c4c52-7e0f-4d8e-9d57-6a1f0b6c3a11"

-- The offline curve ---------------------------------------------------------------------------------------------------

local offline = {}
for line in io.lines(OFFLINE .. "/events.csv") do
  local time, kind, id, value = line:match("^([^,]*),([^,]*),([^,]*),([^,]*)")
  if kind == "value" then
    offline[id] = offline[id] or {}
    table.insert(offline[id], { tonumber(time), tonumber(value) })
  end
end

-- Whether `value` lies between the least and the most of the offline curve from one time to another.
local function offline_between(id, from, to, value)
  local held, low, high = 0, nil, nil
  for _, point in ipairs(offline[id]) do
    if point[1] > to then break end
    if point[1] > from then
      low, high = math.min(low or held, point[2]), math.max(high or held, point[2])
    end
    held = point[2]
  end
  return value >= (low or held) - 0.01 and value <= (high or held) + 0.01
end

-- The session ---------------------------------------------------------------------------------------------------------

local function roll(s, seconds)
  s:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
  common.play_until(s, seconds)
  s:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
  sleep(0.8)
end

os.execute("mkdir -p $XDG_CONFIG_HOME/ardour7/export")
local preset = assert(io.open(os.getenv("XDG_CONFIG_HOME") .. "/ardour7/export/earmark.preset", "w"))
preset:write('<?xml version="1.0" encoding="UTF-8"?>\n<ExportPreset id="' .. WAV .. '" name="earmark">',
  '<ExportFormat id="20b4ab09-6452-4cb3-bd66-b921cdbd2942"/><ExportFilename><Folder relative="1" path="export"/>',
  '<Field name="label" enabled="0"/><Field name="session" enabled="0"/><Field name="snapshot" enabled="0"/>',
  '<Field name="timespan" enabled="1"/><Field name="revision" enabled="0"/>',
  '<Field name="time" enabled="0" value="T_None"/><Field name="date" enabled="0" value="D_None"/></ExportFilename></ExportPreset>')
preset:close()

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
t = nil
collectgarbage()
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

local which, ids, count = common.controls(p)
expect("it lists its parameters", count >= 33, count)

local MODES = { off = 0, show = 1, write = 2, read = 3 }
-- Ride as Ardour has it: decibels.
local RIDE_0, RIDE_12 = 0, -12
local LANES = { { "Vocal", "vocal" }, { "Vocal gate", "vocal_gate" } }

local function set(name, value)
  assert(ARDOUR.LuaAPI.set_processor_param(p, which[name], value), name)
  sleep(0.1)
end

local function control(name)
  return p:to_insert():to_automatable():automation_control(Evoral.Parameter(ARDOUR.AutomationType.PluginAutomation, 0, ids[name]), true)
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

-- The most and the least that the voice shows while the song plays. Looking at a control is what Ardour's window does
-- many times a second, and what makes Ardour reflect an output value to the plugin.
local function play_and_watch(seconds)
  local watched, low, high = {}, 2, -1
  for i, pair in ipairs(LANES) do watched[i] = control(pair[1]) end
  s:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
  common.play_until(s, seconds, function()
    for _, c in ipairs(watched) do c:get_value() end
    low, high = math.min(low, watched[1]:get_value()), math.max(high, watched[1]:get_value())
  end)
  s:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
  for _ = 1, 40 do
    sleep(0.025)
    for _, c in ipairs(watched) do c:get_value() end
  end
  return low, high
end

-- Show: values move, nothing is recorded --------------------------------------------------------------------------------

for _, state in ipairs({ "Write", "Touch", "Latch" }) do
  set("Automation", MODES.show)
  clear(ARDOUR.AutoState[state])
  locate(s, 0)
  local before = undo_steps()
  local low, high = play_and_watch(PLAYED)
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
  play_and_watch(PLAYED)
  for _, pair in ipairs(LANES) do
    local recorded, off, edits = points(pair[1]), 0, 0
    -- Without its window Ardour has no automation watch, and puts a guard point on each side of an edit in Touch and
    -- Latch, at the value that the lane had before.
    local base = recorded[1] and recorded[1][2] or 0
    for _, point in ipairs(recorded) do
      local guard = state ~= "Write" and math.abs(point[2] - base) < 1e-6
      if not guard and point[1] > 0.5 then
        edits = edits + 1
        -- Ardour looks at output values once in a process cycle, and the script 40 times a second.
        local known = point[1] - LAG
        if not offline_between(pair[2], known - 0.025 - 3 * BLOCK / RATE, known + PERIOD, point[2]) then off = off + 1 end
      end
    end
    local wanted = pair[2] == "vocal" and 30 or 4
    expect("write, " .. state .. ": " .. pair[2] .. " is recorded", edits >= wanted, edits .. " edits")
    expect("write, " .. state .. ": " .. pair[2] .. " follows the offline curve", off <= edits // 50, off .. " of " .. edits .. " off")
  end
  set("Automation", MODES.show)
end

for _, pair in ipairs(LANES) do
  local file = io.open(WORK .. "/" .. pair[2] .. ".csv", "w")
  for _, point in ipairs(points(pair[1])) do file:write(string.format("%.6f,%.6f\n", point[1], point[2])) end
  file:close()
end

-- Read: a lane edited by hand is played, and nothing fights it ---------------------------------------------------------

local EDITED = common.EDITED
local function edited(time)
  local value = 0
  for _, point in ipairs(EDITED) do
    if point[1] <= time then value = point[2] end
  end
  return value
end

clear(ARDOUR.AutoState.Off)
set("Automation", MODES.read)
set("Ride", RIDE_12)
for _, pair in ipairs(LANES) do
  local al = lane(pair[1])
  common.draw(al, EDITED)
  control(pair[1]):set_automation_state(ARDOUR.AutoState.Play)
end
locate(s, 0)
local before, wrong, looks = undo_steps(), 0, 0
local gate = control("Vocal gate")
s:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
common.play_until(s, 8, function(time)
  -- Not at the very edges, where the two clocks may differ by a cycle.
  if math.abs(edited(time - 0.06) - edited(time + 0.06)) < 0.5 then
    looks = looks + 1
    if math.abs(gate:get_value() - edited(time)) > 0.5 then wrong = wrong + 1 end
  end
end)
s:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
sleep(0.8)
expect("read: the lane is what the parameter shows", looks > 100 and wrong == 0, wrong .. " of " .. looks .. " looks differ")
expect("read: the lane stays as it was edited", #points("Vocal gate") == #EDITED, #points("Vocal gate") .. " points")
expect("read: no undo step", undo_steps() == before)

-- Export, and once more -------------------------------------------------------------------------------------------------

-- The samples of an exported file, as bytes, with channels and bytes per sample.
local function exported(name)
  local export = s:simple_export()
  export:set_name(name)
  export:set_folder(WORK)
  export:set_range(0, 9 * RATE)
  export:set_preset(WAV)
  export:run_export()
  local path = lines("ls " .. WORK .. "/" .. name .. "*.wav")[1]
  if not path then return nil end
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("a")
  file:close()
  local at, channels, bits, data = 13, 2, 16, ""
  while at < #bytes - 8 do
    local id, size = string.unpack("<c4I4", bytes, at)
    if id == "fmt " then channels, bits = string.unpack("<I2", bytes, at + 10), string.unpack("<I2", bytes, at + 22) end
    if id == "data" then data = bytes:sub(at + 8, at + 7 + size) end
    at = at + 8 + size + size % 2
  end
  return data, channels, bits // 8
end

local first, channels, width = exported("first")
local second = exported("second")
expect("export twice gives the same audio", first and #first > RATE and first == second, first and #first .. " bytes")

-- The root mean square of the left channel from one time to another.
local function level(data, from, to)
  local sum, count = 0, 0
  for frame = math.floor(from * RATE), math.floor(to * RATE) - 1 do
    local at = frame * channels * width + 1
    local sample = string.unpack("<f", data, at)
    sum, count = sum + sample * sample, count + 1
  end
  return math.sqrt(sum / count)
end

set("Ride", RIDE_0)
local plain = exported("plain")
if first and plain then
  for _, span in ipairs({ { 2.5, 3.5, -12 }, { 4.7, 5.8, 0 }, { 6.3, 6.9, -12 } }) do
    local gain = 20 * math.log(level(first, span[1], span[2]) / level(plain, span[1], span[2]), 10)
    local what = string.format("read: ride is %d dB from %.1f s to %.1f s", span[3], span[1], span[2])
    expect(what, math.abs(gain - span[3]) < 0.3, string.format("%.2f dB", gain))
  end
end

-- The same with the nets at work ---------------------------------------------------------------------------------------

-- From the first to the last moment of a stretch in which the offline gate stood so for so long, after an edge, within what is
-- exported.
local function stretch(open, least)
  local since = 0
  local stood = false
  for _, point in ipairs(offline.vocal_gate) do
    if stood == open and since > 0 and point[1] - since >= least and point[1] < 9 then return since, point[1] end
    since, stood = point[1], point[2] > 0.5
  end
end

clear(ARDOUR.AutoState.Off)
set("Automation", MODES.show)
set("Ride", RIDE_12)
local heard, again = exported("heard"), exported("again")
expect("show: export twice gives the same audio", heard and #heard > RATE and heard == again, heard and #heard .. " bytes")
if heard and plain then
  -- Attack and release are over within 0.33 s, however late an export says what it knows.
  for _, case in ipairs({ { true, 1.5, -12 }, { false, 0.4, 0 } }) do
    local from, to = stretch(case[1], case[2])
    from, to = from + 0.33, to - 0.02
    local gain = 20 * math.log(level(heard, from, to) / level(plain, from, to), 10)
    local what = string.format("show: an export rides at %d dB while %s sings", case[3], case[1] and "somebody" or "nobody")
    expect(what, math.abs(gain - case[3]) < 0.1, string.format("%.2f dB from %.2f s to %.2f s", gain, from, to))
  end
end
for _, pair in ipairs(LANES) do
  common.draw(lane(pair[1]), EDITED)
  control(pair[1]):set_automation_state(ARDOUR.AutoState.Play)
end
set("Automation", MODES.read)

-- Save, close, open again -----------------------------------------------------------------------------------------------

set("Ride", RIDE_12)
s:save_state("", false, false, false, false, false)
-- Ardour crashes on what a script still holds of a closed session.
gate, p, t = nil, nil, nil
collectgarbage()
close_session()
backend()
s = assert(load_session(folder, "earmark"), "the session does not open again")
t = s:route_by_name("song"):to_track()
p = t:nth_plugin(0)
expect("opened again: Earmark is there", not p:isnil() and p:to_insert():plugin(0):name() == "Earmark")
which, ids = common.controls(p)
local ride = ARDOUR.LuaAPI.get_processor_param(p, which["Ride"], true)
local mode = ARDOUR.LuaAPI.get_processor_param(p, which["Automation"], true)
expect("opened again: ride and mode are as saved", math.abs(ride - RIDE_12) < 0.01 and math.abs(mode - MODES.read) < 0.01, ride .. ", " .. mode)
expect("opened again: the lane is as saved", #points("Vocal gate") == #EDITED, #points("Vocal gate") .. " points")
local third = exported("third")
-- Attack and release have meanwhile passed through the host's scale from 0 to 1, which may turn their last bit.
local worst = first and third and #third == #first and 0 or 1
for at = 1, worst == 0 and #first or 0, 4 do
  if first:sub(at, at + 3) ~= third:sub(at, at + 3) then
    worst = math.max(worst, math.abs(string.unpack("<f", first, at) - string.unpack("<f", third, at)))
  end
end
expect("opened again: export gives the same audio, but for rounding", worst < 1e-7, string.format("%.1e apart at most", worst))

p, t = nil, nil
collectgarbage()
close_session()
common.tally()
quit()
