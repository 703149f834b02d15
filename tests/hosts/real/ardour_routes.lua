-- Earmark Control in Ardour 7, without a window: its MIDI goes to a MIDI track and its key bus to an audio track, while a
-- lane that was edited by hand is read. Both are recorded, and lie where the lane says.
-- SCRIPTS: where this script lies; WORK: an empty folder.

local common = dofile(os.getenv("SCRIPTS") .. "/ardour_common.lua")
local expect, sleep, RATE, BLOCK = common.expect, common.sleep, common.RATE, common.BLOCK

local WORK = os.getenv("WORK")
local CONTROL = "4561726D61726B506C7567696E43746C"
local READ, NOTES_AND_CC = 3, 3

common.backend()
local folder = WORK .. "/routes"
local s = assert(create_session(folder, "routes", RATE), "no session")
local function audio_track(name)
  return s:new_audio_track(2, 2, nil, 1, name, ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true):front()
end
local song, key = audio_track("song"), audio_track("key")
local one = ARDOUR.ChanCount(ARDOUR.DataType("midi"), 1)
local notes = s:new_midi_track(one, one, true, ARDOUR.PluginInfo(), nil, nil, 1, "notes", ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true):front()

local p = ARDOUR.LuaAPI.new_plugin(s, CONTROL, ARDOUR.PluginType.VST3, "")
expect("Ardour offers Earmark Control", not p:isnil())
song:add_processor_by_index(p, 0, nil, true)
local ports = song:output():n_ports()
expect("the track has the key bus and a MIDI output", ports:n_audio() == 4 and ports:n_midi() == 1, ports:n_audio() .. " audio, " .. ports:n_midi() .. " MIDI")

local which, ids = common.controls(p)
for name, value in pairs({ Automation = READ, MIDI = NOTES_AND_CC }) do
  assert(ARDOUR.LuaAPI.set_processor_param(p, which[name], value), name)
  sleep(0.1)
end
for _, name in ipairs({ "Vocal", "Vocal gate" }) do
  common.draw(ARDOUR.LuaAPI.plugin_automation(p, which[name]), common.EDITED)
  local parameter = Evoral.Parameter(ARDOUR.AutomationType.PluginAutomation, 0, ids[name])
  p:to_insert():to_automatable():automation_control(parameter, true):set_automation_state(ARDOUR.AutoState.Play)
end

-- The panner would spread the key bus over all outputs.
song:panner_shell():set_bypassed(true)
local out = song:output()
for channel = 0, 1 do out:nth(2 + channel):connect(key:input():nth(channel):name()) end
out:nth(4):connect(notes:input():nth(0):name())
expect("both are connected", key:input():nth(1):connected() and notes:input():nth(0):connected())

for _, track in ipairs({ key, notes }) do
  track:to_track():rec_enable_control():set_value(1, PBD.GroupControlDisposition.NoGroup)
end
sleep(0.3)
s:maybe_enable_record()
s:request_roll(ARDOUR.TransportRequestSource.TRS_UI)
common.play_until(s, 8)
s:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
sleep(1)
s:save_state("", false, false, false, false, false)
out, song, key, notes, p = nil, nil, nil, nil, nil
collectgarbage()
close_session()

-- Where the lane turns, and whether what was recorded turns there too, to a process cycle and the tone's fade of 2 ms.
local EDGES = { 2, 4, 6, 7 }
local function at_the_edges(what, found)
  local fits = #found == #EDGES
  for i, time in ipairs(found) do fits = fits and math.abs(time - (EDGES[i] or -1)) <= BLOCK / RATE + 0.003 end
  for i, time in ipairs(found) do found[i] = string.format("%.3f", time) end
  expect(what .. " turns where the lane does", fits, table.concat(found, " ") .. " s")
end

-- The key bus.
local function recorded(side)
  local path = common.lines("find " .. folder .. "/interchange -name '*key*" .. side .. ".wav'")[1]
  return path and common.read_wav(path)[1] or ""
end
local function turns(samples, least)
  local found, most, open, quiet = {}, 0, false, 0
  for frame = 0, #samples // 4 - 1 do
    local level = math.abs(string.unpack("<f", samples, 4 * frame + 1))
    most = math.max(most, level)
    quiet = level > least and 0 or quiet + 1
    if not open and quiet == 0 then
      open = true
      found[#found + 1] = frame / RATE
    elseif open and quiet > RATE // 200 then
      open = false
      found[#found + 1] = (frame - quiet) / RATE
    end
  end
  return found, most
end
local levels, level = turns(recorded("L"), 0.5)
at_the_edges("the key's level", levels)
expect("the key's level is the lane's", math.abs(level - 1) < 1e-3, level)
local tones, tone = turns(recorded("R"), 0.01)
at_the_edges("the key's tone", tones)
expect("the key's tone is half of full scale", math.abs(tone - 0.5) < 1e-3, tone)

-- The notes, from the MIDI file: at 120 beats a minute.
local function midi(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("a")
  file:close()
  local division, at, ticks, status, found = string.unpack(">I2", bytes, 13), 23, 0, 0, {}
  local function varying()
    local value, byte = 0, 128
    while byte >= 128 do
      byte, at = bytes:byte(at), at + 1
      value = value * 128 + byte % 128
    end
    return value
  end
  while at <= #bytes do
    ticks = ticks + varying()
    if bytes:byte(at) >= 128 then status, at = bytes:byte(at), at + 1 end
    if status == 255 then
      at = at + 1
      local length = varying()
      at = at + length
    else
      found[#found + 1] = { ticks / division / 2, status // 16, bytes:byte(at), bytes:byte(at + 1) }
      at = at + ((status // 16 == 12 or status // 16 == 13) and 1 or 2)
    end
  end
  return found
end
local sounds, controls, most = {}, {}, 0
for _, path in ipairs(common.lines("find " .. folder .. "/interchange -name '*notes*.mid'")) do
  for _, event in ipairs(midi(path)) do
    if event[2] == 8 or event[2] == 9 then sounds[#sounds + 1] = event[1] end
    if event[2] == 11 then
      controls[#controls + 1] = event[1]
      most = math.max(most, event[4])
    end
  end
end
at_the_edges("the note", sounds)
at_the_edges("the controller", controls)
expect("the controller reaches its end", most == 127, most)

common.tally()
quit()
