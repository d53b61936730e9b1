import { describe, expect, it } from 'vitest';
import { outcomeIn, ruleOf } from './rule-outcome.js';

/** The receive time: of messages without a time of their own. */
const AT = '1773000312500000000';

interface Shape {
  readonly what: string;
  /** The keys of a rule `r` for the measurement `m`, as YAML. */
  readonly rule: string;
  readonly topic?: string;
  readonly payload: string;
  readonly lines: readonly string[];
}

const SHAPES: readonly Shape[] = [
  {
    what: 'Shelly Gen2: a component of a status, with a nested counter',
    rule: 'topic: "+device/status/+component", tags: { device: topic.device, component: topic.component }, fields: { power: payload.apower, on: payload.output, total: payload.aenergy.total, celsius: payload.temperature.tC }',
    topic: 'shellyplus1pm-a8/status/switch:0',
    payload:
      '{"id":0,"source":"init","output":true,"apower":8.9,"aenergy":{"total":6.5,"by_minute":[45.1,47,88.2],"minute_ts":1773000300},"temperature":{"tC":42.3,"tF":108.1}}',
    lines: [`m,component=switch:0,device=shellyplus1pm-a8 power=8.9,on=T,total=6.5,celsius=42.3 ${AT}`],
  },
  {
    what: 'OwnTracks: a position with tst in seconds',
    rule: 'topic: "owntracks/+user/+device", where: payload._type == "location", time: { path: tst, unit: s }, tags: { user: topic.user }, fields: { lat: payload.lat, lon: payload.lon, battery: payload.batt }',
    topic: 'owntracks/ann/phone',
    payload: '{"_type":"location","lat":52.5,"lon":13.4,"tst":1773000300,"batt":81,"tid":"an"}',
    lines: ['m,user=ann lat=52.5,lon=13.4,battery=81 1773000300000000000'],
  },
  {
    what: 'a GPS tracker: reported state with numbers for keys, longitude and latitude as one text left aside',
    rule: `time: { path: state.reported.ts, unit: ms }, fields: { speed: payload.state.reported.sp, volt: { path: 'payload.state.reported["66"]', type: float, scale: 0.001 } }`,
    payload: '{"state":{"reported":{"ts":1773000300000,"latlng":"54.1,25.2","sp":0,"66":12345}}}',
    lines: ['m speed=0,volt=12.345 1773000300000000000'],
  },
  {
    what: 'SenML whose records stand alone: numbers in any notation, a boolean and a text',
    rule: 'each: payload, time: { path: element.t, unit: s }, tags: { name: element.n, unit: element.u }, fields: { value: { path: element.v, type: float }, bool: { path: element.vb, type: boolean }, text: { path: element.vs, type: string } }',
    payload:
      '[{"n":"urn:dev:x:inlet","u":"Cel","t":1773000300,"v":6.14e1},{"n":"urn:dev:x:valve","t":1773000300.25,"vb":true},{"n":"urn:dev:x:model","t":1773000300,"vs":"HX-20"}]',
    lines: [
      'm,name=urn:dev:x:inlet,unit=Cel value=61.4 1773000300000000000',
      'm,name=urn:dev:x:valve bool=T 1773000300250000000',
      'm,name=urn:dev:x:model text="HX-20" 1773000300000000000',
    ],
  },
  {
    what: 'the state that a discovery message of Home Assistant points to',
    rule: 'topic: "boiler/state", fields: { flow: { path: payload.flow, type: float }, return: { path: payload.return, type: float } }',
    topic: 'boiler/state',
    payload: '{"flow":54.2,"return":41.0}',
    lines: [`m flow=54.2,return=41 ${AT}`],
  },
  {
    what: 'AWS IoT shadow: the time of a value beside it, in metadata',
    rule: 'time: { path: metadata.reported.temperature.timestamp, unit: s }, fields: { temperature: payload.state.reported.temperature }',
    payload:
      '{"state":{"reported":{"temperature":21}},"metadata":{"reported":{"temperature":{"timestamp":1773000300}}},"version":7}',
    lines: ['m temperature=21 1773000300000000000'],
  },
  {
    what: 'Modbus: a register array, two registers joined and a signed one',
    rule: "fields: { energy: { cel: 'payload.regs[0] * 65536 + payload.regs[1]', type: int }, t: { cel: 'payload.regs[2] > 32767 ? payload.regs[2] - 65536 : payload.regs[2]', type: float, scale: 0.1, round: 1 } }",
    payload: '{"regs":[1,2,65481]}',
    lines: [`m energy=65538i,t=-5.5 ${AT}`],
  },
  {
    what: 'a P1 meter: counters as text with leading zeros',
    rule: 'fields: { in1: { path: payload.energy_t1, type: float }, power: { path: payload.power, type: float, suffix: "*kW", scale: 1000 } }',
    payload: '{"energy_t1":"001234.567","power":"00.451*kW"}',
    lines: [`m in1=1234.567,power=451 ${AT}`],
  },
  {
    what: 'a weather station: a list of names and values',
    rule: 'each: payload.sensors, fields: { "{element.name}": { path: element.value, type: float } }',
    payload: '{"sensors":[{"name":"temp","value":"7.2"},{"name":"wind","value":3}]}',
    lines: [`m temp=7.2,wind=3 ${AT}`],
  },
  {
    what: 'Ruuvi gateway: tags keyed by their MAC address',
    rule: 'each: { path: payload.data.tags, as: beacon, key: mac }, time: { path: beacon.timestamp, unit: s }, tags: { mac: mac, gateway: payload.data.gw_mac }, fields: { rssi: beacon.rssi, t: beacon.temperature }',
    payload:
      '{"data":{"gw_mac":"AA:01","tags":{"C4:10":{"rssi":-61,"timestamp":1773000300,"temperature":4.5},"C4:11":{"rssi":-72,"timestamp":1773000301}}}}',
    lines: [
      'm,gateway=AA:01,mac=C4:10 rssi=-61,t=4.5 1773000300000000000',
      'm,gateway=AA:01,mac=C4:11 rssi=-72 1773000301000000000',
    ],
  },
  {
    what: 'Victron: {"value":…} on a topic per measurement',
    rule: 'topic: "N/+site/+service/+instance/#name", tags: { site: topic.site, service: topic.service }, fields: { "{topic.name}": { path: payload.value, type: float } }',
    topic: 'N/c0619ab/battery/256/Dc/0/Voltage',
    payload: '{"value":26.4}',
    lines: [`m,service=battery,site=c0619ab Dc/0/Voltage=26.4 ${AT}`],
  },
  {
    what: 'Fronius: values with their units beside them',
    rule: 'time: { path: Head.Timestamp }, each: payload.Body.Data, fields: { "{key}": { path: element.Value, type: float } }',
    payload:
      '{"Head":{"Timestamp":"2026-03-08T21:05:11+01:00"},"Body":{"Data":{"PAC":{"Value":5,"Unit":"W"},"FAC":{"Value":49.9,"Unit":"Hz"},"DeviceStatus":{"ErrorCode":0}}}}',
    lines: ['m PAC=5,FAC=49.9 1773000311000000000'],
  },
  {
    what: 'a list of pairs of key and value',
    rule: `each: payload.kv, fields: { "{element[0]}": 'element[1]' }`,
    payload: '{"kv":[["t",20.5],["h",41]]}',
    lines: [`m t=20.5,h=41 ${AT}`],
  },
  {
    what: 'rows behind a header row: its names are those of the fields',
    rule: `each: [{ path: payload, as: row, key: k, index: n, where: n > 0 }, { path: row, as: cell, index: column, where: column > 0 }], time: { path: "row[0]", unit: s }, fields: { "{payload[0][column]}": cell }`,
    payload: '[["ts","t","h"],[1773000300,20,40],[1773000310,21,null]]',
    lines: ['m t=20,h=40 1773000300000000000', 'm t=21 1773000310000000000'],
  },
  {
    what: 'sparse columns of the same length',
    rule: `each: payload.ts, time: { path: element, unit: s }, fields: { t: "payload.t[index]", h: "payload.h[index]" }`,
    payload: '{"ts":[1773000300,1773000310],"t":[20,null],"h":[null,41]}',
    lines: ['m t=20 1773000300000000000', 'm h=41 1773000310000000000'],
  },
  {
    what: 'an epoch as text',
    rule: 'time: { path: ts, unit: s }, fields: { v: payload.v }',
    payload: '{"ts":" 1773000300.5","v":1}',
    lines: ['m v=1 1773000300500000000'],
  },
  {
    what: 'a negative offset without a colon',
    rule: 'time: { path: ts }, fields: { v: payload.v }',
    payload: '{"ts":"2026-03-08 15:05:11-0500","v":1}',
    lines: ['m v=1 1773000311000000000'],
  },
  {
    what: 'units in the names of keys, renamed by a pattern',
    rule: 'autoFields: { include: ["*_degC"], rename: { "*_degC": "*" } }, fields: auto',
    payload: '{"outlet_degC":41.5,"inlet_degC":60,"uptime":7}',
    lines: [`m outlet=41.5,inlet=60 ${AT}`],
  },
  {
    what: 'keys L1 to L3 of the phases',
    rule: 'each: { path: payload, key: phase, where: phase.startsWith("L") }, tags: { phase: phase }, fields: { u: element.u, i: element.i }',
    payload: '{"L1":{"u":230,"i":1},"L2":{"u":231,"i":2},"L3":{"u":229,"i":0},"total":{"u":690}}',
    lines: [`m,phase=L1 u=230,i=1 ${AT}`, `m,phase=L2 u=231,i=2 ${AT}`, `m,phase=L3 u=229,i=0 ${AT}`],
  },
  {
    what: 'a boolean as "0" or "1"',
    rule: 'fields: { open: { path: payload.open, type: boolean, map: { 0: false, 1: true } } }',
    payload: '{"open":"1"}',
    lines: [`m open=T ${AT}`],
  },
  {
    what: 'a percentage as text',
    rule: 'fields: { soc: { path: payload.soc, type: float, suffix: "%" } }',
    payload: '{"soc":"45%"}',
    lines: [`m soc=45 ${AT}`],
  },
  {
    what: 'a German date, by an expression',
    rule: `time: { cel: 'payload.at.substring(6, 10) + "-" + payload.at.substring(3, 5) + "-" + payload.at.substring(0, 2) + "T" + payload.at.substring(11)', zone: Europe/Berlin }, fields: { v: payload.v }`,
    payload: '{"at":"08.03.2026 21:05:11","v":1}',
    lines: ['m v=1 1773000311000000000'],
  },
  {
    what: 'a date with slashes, by an expression',
    rule: `time: { cel: 'payload.at.substring(0, 4) + "-" + payload.at.substring(5, 7) + "-" + payload.at.substring(8)', zone: Europe/Berlin }, fields: { v: payload.v }`,
    payload: '{"at":"2026/03/08 21:05:11","v":1}',
    lines: ['m v=1 1773000311000000000'],
  },
  {
    what: 'two numbers in one text, by an expression',
    rule: `fields: { lat: { cel: 'payload.latlng.split(",")[0]', type: float }, lon: { cel: 'payload.latlng.split(",")[1]', type: float } }`,
    payload: '{"latlng":"54.1, 25.2"}',
    lines: [`m lat=54.1,lon=25.2 ${AT}`],
  },
  {
    what: 'a ThingsBoard gateway: devices with lists of values and times',
    rule: 'each: [{ path: payload, as: list, key: sender }, { path: list, as: one }], time: { path: one.ts, unit: ms }, tags: { device: sender }, fields: { t: one.values.t }',
    payload: '{"Device A":[{"ts":1773000300000,"values":{"t":1}},{"ts":1773000310000,"values":{"t":2}}]}',
    lines: ['m,device=Device\\ A t=1 1773000300000000000', 'm,device=Device\\ A t=2 1773000310000000000'],
  },
  {
    what: 'a BLE gateway: beacons in a list, weak ones skipped',
    rule: 'each: { path: payload.devices, where: element.rssi > -90 }, tags: { mac: element.mac }, fields: { rssi: element.rssi }',
    payload: '{"devices":[{"mac":"AC23","rssi":-60},{"mac":"AC24","rssi":-95}]}',
    lines: [`m,mac=AC23 rssi=-60 ${AT}`],
  },
];

describe('payloads of further devices', () => {
  it.each(SHAPES)('$what', ({ rule, topic = 'plant/a/telemetry', payload, lines }) => {
    const got = outcomeIn(ruleOf(rule), payload, { topic });
    expect(got.lines, got.reason).toEqual(lines);
    expect(got.outcome).toBe('written');
  });
});
