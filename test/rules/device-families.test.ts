import { describe, expect, it } from 'vitest';
import { outcomeIn, ruleSetOf } from './rule-outcome.js';

/** A message of a device, and what becomes of it. */
interface Message {
  readonly what: string;
  readonly topic: string;
  readonly payload: string;
  /** The lines that reach InfluxDB, or the outcome in words. */
  readonly wanted: readonly string[] | string;
}

/** Rules as a user writes them for a family of devices, and the messages of such a device. */
interface Family {
  readonly family: string;
  readonly config: string;
  readonly messages: readonly Message[];
}

/** The receive time: of messages without a time of their own. */
const AT = '1773000312500000000';

const TASMOTA: Family = {
  family: 'Tasmota',
  config: `
consumer: { match: all }
rules:
  - name: tasmota-energy
    topic: tele/+device/SENSOR
    where: has(payload.ENERGY)
    measurement: energy
    time: { path: [Epoch, Time], zone: Europe/Berlin }
    tags: { device: topic.device }
    fields:
      total: { path: payload.ENERGY.Total, type: float, unit: kWh }
      today: { path: payload.ENERGY.Today, type: float, unit: kWh }

  # A meter of one phase sends a number, one of several phases a list: both become one point per phase.
  - name: tasmota-phases
    topic: tele/+device/SENSOR
    where: has(payload.ENERGY)
    each: payload.ENERGY.Power
    measurement: phases
    time: { path: [Epoch, Time], zone: Europe/Berlin }
    tags: { device: topic.device, phase: { cel: index + 1 } }
    fields:
      power: { path: element, type: float, unit: W }
      current: { path: ["payload.ENERGY.Current[index]", payload.ENERGY.Current], type: float, unit: A }
      factor: { path: ["payload.ENERGY.Factor[index]", payload.ENERGY.Factor], type: float }
      voltage: { path: ["payload.ENERGY.Voltage[index]", payload.ENERGY.Voltage], type: float, unit: V }

  # Time, TempUnit and the like have none of the fields, so they are no sensors.
  - name: tasmota-sensors
    topic: tele/+device/SENSOR
    where: "!has(payload.ENERGY)"
    each: { path: payload, as: sensor, key: name }
    measurement: climate
    time: { path: [Epoch, Time], zone: Europe/Berlin }
    tags: { device: topic.device, sensor: [sensor.Id, name] }
    fields:
      temperature:
        cel: 'payload.TempUnit == "F" ? (sensor.Temperature - 32) / 1.8 : sensor.Temperature'
        type: float
        round: 2
        unit: celsius
      humidity: { path: sensor.Humidity, type: float }
      pressure: { path: sensor.Pressure, type: float, unit: hPa }

  - { name: tasmota-state, topic: tele/+/STATE, where: "false", measurement: ignored }
  - { name: tasmota-lwt, topic: tele/+/LWT, where: "false", measurement: ignored }
`,
  messages: [
    {
      what: 'a meter of two phases',
      topic: 'tele/pow/SENSOR',
      payload: `{"Time":"2026-03-08T21:04:50","ENERGY":{"TotalStartTime":"2025-09-30T07:15:02","Total":41.207,"Yesterday":1.883,"Today":1.6,
        "Period":4,"Power":[73,0],"ApparentPower":[91,0],"Factor":[0.8,0],"Voltage":231,"Current":[0.394,0]}}`,
      wanted: [
        'energy,device=pow total=41.207,today=1.6 1773000290000000000',
        'phases,device=pow,phase=1 power=73,current=0.394,factor=0.8,voltage=231 1773000290000000000',
        'phases,device=pow,phase=2 power=0,current=0,factor=0,voltage=231 1773000290000000000',
      ],
    },
    {
      what: 'a meter of one phase, with the epoch that `Time 4` adds',
      topic: 'tele/pow/SENSOR',
      payload:
        '{"Time":"2026-03-08T21:04:50","Epoch":1773000290,"ENERGY":{"Total":3,"Today":0.1,"Power":60,"Factor":1,"Voltage":230,"Current":0.26}}',
      wanted: [
        'energy,device=pow total=3,today=0.1 1773000290000000000',
        'phases,device=pow,phase=1 power=60,current=0.26,factor=1,voltage=230 1773000290000000000',
      ],
    },
    {
      what: 'several sensors: the Id is the identity where there is one',
      topic: 'tele/heating/SENSOR',
      payload: `{"Time":"2026-03-08T21:04:50","DS18B20-1":{"Id":"03150A4C2E7F","Temperature":4.6},"DS18B20-2":{"Id":"04150B9D103F","Temperature":61.9},
        "BME280":{"Temperature":20.8,"Humidity":47.3,"Pressure":1009.2},"PressureUnit":"hPa","TempUnit":"C"}`,
      wanted: [
        'climate,device=heating,sensor=03150A4C2E7F temperature=4.6 1773000290000000000',
        'climate,device=heating,sensor=04150B9D103F temperature=61.9 1773000290000000000',
        'climate,device=heating,sensor=BME280 temperature=20.8,humidity=47.3,pressure=1009.2 1773000290000000000',
      ],
    },
    {
      what: 'the same device after its user chose Fahrenheit',
      topic: 'tele/heating/SENSOR',
      payload:
        '{"Time":"2026-03-08T21:04:50","DS18B20":{"Id":"03150A4C2E7F","Temperature":40.3},"TempUnit":"F"}',
      wanted: ['climate,device=heating,sensor=03150A4C2E7F temperature=4.61 1773000290000000000'],
    },
    {
      what: 'a clock that is not set yet gets the receive time',
      topic: 'tele/heating/SENSOR',
      payload:
        '{"Time":"1970-01-01T00:00:07","DS18B20":{"Id":"03150A4C2E7F","Temperature":4.6},"TempUnit":"C"}',
      wanted: [`climate,device=heating,sensor=03150A4C2E7F temperature=4.6 ${AT}`],
    },
    {
      what: 'health is ignored on purpose',
      topic: 'tele/pow/STATE',
      payload: '{"Time":"2026-03-08T21:04:50","Uptime":"0T01:00:00","Wifi":{"RSSI":78,"Signal":-61}}',
      wanted: 'filtered by tasmota-state',
    },
    {
      what: 'so is the last will',
      topic: 'tele/pow/LWT',
      payload: 'Online',
      wanted: 'filtered by tasmota-lwt',
    },
    {
      what: 'JSON that is cut short parks',
      topic: 'tele/heating/SENSOR',
      payload: '{"Time":"2026-03-08T21:04:50","DS18B20-1":{"Id":"0315',
      wanted: 'parked as payload-not-json',
    },
  ],
};

const ZIGBEE2MQTT: Family = {
  family: 'Zigbee2MQTT',
  config: `
rules:
  - { name: bridge, topic: zigbee2mqtt/bridge/#, where: "false", measurement: ignored }
  # Friendly names may have slashes: the levels cannot be counted, so the last one is compared.
  - name: devices
    topic: zigbee2mqtt/#name
    where: >-
      !topic.name.endsWith("/availability") && !topic.name.endsWith("/set") && !topic.name.endsWith("/get")
      && topic.name != "all-lamps"
    measurement: zigbee
    time: { path: last_seen, unit: auto, otherwise: receive }
    tags: { name: topic.name }
    fields:
      temperature: { path: payload.temperature, type: float }
      humidity: { path: payload.humidity, type: float }
      battery: { path: payload.battery, type: float }
      voltage: { path: payload.voltage, type: float }
      linkquality: { path: payload.linkquality, type: float }
      power: { path: payload.power, type: float }
      energy: { path: payload.energy, type: float }
      on: { path: payload.state, type: boolean, map: { ON: true, OFF: false } }
      color_x: { path: payload.color.x, type: float }
      color_y: { path: payload.color.y, type: float }
      update: { path: payload.update.state, type: string }
      action: { path: payload.action, type: string, noValue: [""] }
`,
  messages: [
    {
      what: 'a sensor with last_seen',
      topic: 'zigbee2mqtt/attic/north',
      payload:
        '{"temperature":19.46,"humidity":58.1,"battery":88,"voltage":2985,"linkquality":132,"last_seen":"2026-03-08T20:05:11.402Z"}',
      wanted: [
        'zigbee,name=attic/north temperature=19.46,humidity=58.1,battery=88,voltage=2985,linkquality=132 1773000311402000000',
      ],
    },
    {
      what: 'a plug: state words, nested keys, an action that is null',
      topic: 'zigbee2mqtt/plug',
      payload:
        '{"state":"ON","power":41.7,"energy":12.08,"color":{"x":0.41,"y":0.39},"update":{"state":"idle","installed_version":16},"action":null}',
      wanted: [`zigbee,name=plug power=41.7,energy=12.08,on=T,color_x=0.41,color_y=0.39,update="idle" ${AT}`],
    },
    {
      what: 'numbers as text, of old versions, and last_seen in ms',
      topic: 'zigbee2mqtt/attic',
      payload: '{"battery":"88.00","temperature":"19.46","last_seen":1773000311402}',
      wanted: ['zigbee,name=attic temperature=19.46,battery=88 1773000311402000000'],
    },
    {
      what: 'an action as it happens',
      topic: 'zigbee2mqtt/button',
      payload: '{"action":"single","battery":100}',
      wanted: [`zigbee,name=button battery=100,action="single" ${AT}`],
    },
    {
      what: 'availability is not a reading',
      topic: 'zigbee2mqtt/attic/north/availability',
      payload: '{"state":"online"}',
      wanted: 'filtered by devices',
    },
    {
      what: 'nor is it as plain text, of old versions',
      topic: 'zigbee2mqtt/attic/north/availability',
      payload: 'online',
      wanted: 'filtered by devices',
    },
    {
      what: 'a group is no sensor',
      topic: 'zigbee2mqtt/all-lamps',
      payload: '{"state":"ON"}',
      wanted: 'filtered by devices',
    },
    {
      what: 'nor is the bridge',
      topic: 'zigbee2mqtt/bridge/state',
      payload: 'online',
      wanted: 'filtered by bridge',
    },
  ],
};

const UPLINK = `{"end_device_ids":{"device_id":"silo-07","application_ids":{"application_id":"farm"},"dev_eui":"70B3D57ED0061F2A","dev_addr":"260B7C41"},
 "correlation_ids":["gs:uplink:EXAMPLE"],"received_at":"2026-03-08T20:05:12.184930511Z",
 "uplink_message":{"session_key_id":"AZexampleKey==","f_port":2,"f_cnt":1482,"frm_payload":"AWcA3g==",
  "decoded_payload":{"level":63,"temp":22.2},
  "rx_metadata":[{"gateway_ids":{"gateway_id":"barn"},"time":"2026-03-08T20:05:11.951Z","timestamp":918220331,"rssi":-97,"snr":7.8},
                 {"gateway_ids":{"gateway_id":"mill"},"timestamp":44120987,"rssi":-112}],
  "settings":{"data_rate":{"lora":{"bandwidth":125000,"spreading_factor":9}},"frequency":"868500000"},
  "consumed_airtime":"0.205824s","received_at":"2026-03-08T20:05:11.977801226Z"}}`;

const THE_THINGS_STACK: Family = {
  family: 'The Things Stack',
  config: `
consumer: { match: all }
rules:
  # Zeros are not sent: they are the defaults of the envelope, and never those of decoded_payload.
  - name: uplink
    topic: v3/+app/devices/+device/up
    where: "!has(payload.simulated)"
    measurement: uplink
    time: { path: received_at }
    tags: { app: topic.app, dev_eui: payload.end_device_ids.dev_eui }
    fields:
      f_port: { path: payload.uplink_message.f_port, type: int, default: 0 }
      f_cnt: { path: payload.uplink_message.f_cnt, type: int, default: 0 }
      frequency: { path: payload.uplink_message.settings.frequency, type: int, unit: Hz }
      airtime: { path: payload.uplink_message.consumed_airtime, type: float, suffix: s, unit: s }
      level: { path: payload.uplink_message.decoded_payload.level, type: float }
      temp: { path: payload.uplink_message.decoded_payload.temp, type: float }

  - name: every-gateway
    topic: v3/+app/devices/+device/up
    where: "!has(payload.simulated)"
    each: payload.uplink_message.rx_metadata
    measurement: reception
    time: { path: received_at }
    tags: { dev_eui: payload.end_device_ids.dev_eui, gateway: element.gateway_ids.gateway_id }
    fields:
      rssi: { path: element.rssi, type: float, default: 0 }
      snr: { path: element.snr, type: float, default: 0 }

  - name: best-gateway
    topic: v3/+app/devices/+device/up
    where: "!has(payload.simulated)"
    each:
      path: payload.uplink_message.rx_metadata
      where: >-
        cel.bind(rssi, has(element.rssi) ? element.rssi : 0,
          payload.uplink_message.rx_metadata.all(other, (has(other.rssi) ? other.rssi : 0) <= rssi))
    measurement: best_reception
    time: { path: received_at }
    tags: { dev_eui: payload.end_device_ids.dev_eui, gateway: element.gateway_ids.gateway_id }
    fields: { rssi: { path: element.rssi, type: float, default: 0 } }
`,
  messages: [
    {
      what: 'an uplink that two gateways heard',
      topic: 'v3/farm@ttn/devices/silo-07/up',
      payload: UPLINK,
      wanted: [
        'uplink,app=farm@ttn,dev_eui=70B3D57ED0061F2A f_port=2i,f_cnt=1482i,frequency=868500000i,airtime=0.205824,level=63,temp=22.2 1773000312184930511',
        'reception,dev_eui=70B3D57ED0061F2A,gateway=barn rssi=-97,snr=7.8 1773000312184930511',
        'reception,dev_eui=70B3D57ED0061F2A,gateway=mill rssi=-112,snr=0 1773000312184930511',
        'best_reception,dev_eui=70B3D57ED0061F2A,gateway=barn rssi=-97 1773000312184930511',
      ],
    },
    {
      what: 'the zeros of the first frame are not sent',
      topic: 'v3/farm/devices/silo-07/up',
      payload:
        '{"end_device_ids":{"dev_eui":"70B3D57ED0061F2A"},"received_at":"2026-03-08T20:05:12Z","uplink_message":{"decoded_payload":{"level":63},"rx_metadata":[]}}',
      wanted: ['uplink,app=farm,dev_eui=70B3D57ED0061F2A f_port=0i,f_cnt=0i,level=63 1773000312000000000'],
    },
    {
      what: 'a gateway without rssi has an rssi of zero, the strongest of all',
      topic: 'v3/farm/devices/silo-07/up',
      payload:
        '{"end_device_ids":{"dev_eui":"70B3D57ED0061F2A"},"received_at":"2026-03-08T20:05:12Z","uplink_message":{"decoded_payload":{"level":63},"rx_metadata":[{"gateway_ids":{"gateway_id":"barn"},"rssi":-97,"snr":7.8},{"gateway_ids":{"gateway_id":"desk"},"snr":9}]}}',
      wanted: [
        'uplink,app=farm,dev_eui=70B3D57ED0061F2A f_port=0i,f_cnt=0i,level=63 1773000312000000000',
        'reception,dev_eui=70B3D57ED0061F2A,gateway=barn rssi=-97,snr=7.8 1773000312000000000',
        'reception,dev_eui=70B3D57ED0061F2A,gateway=desk rssi=0,snr=9 1773000312000000000',
        'best_reception,dev_eui=70B3D57ED0061F2A,gateway=desk rssi=0 1773000312000000000',
      ],
    },
    {
      what: 'test data is filtered',
      topic: 'v3/farm/devices/silo-07/up',
      payload: '{"simulated":true,"uplink_message":{}}',
      wanted: 'filtered by uplink',
    },
  ],
};

/** The base values of RFC 8428 (`bn`, `bt`) hold for later records, which a rule of plain JSON cannot say: each record here stands alone. */
const SENML: Family = {
  family: 'SenML whose records stand alone',
  config: `
rules:
  - name: senml
    topic: senml
    each: payload
    measurement: senml
    time: { path: element.t, unit: s }
    tags: { name: element.n, unit: element.u }
    fields:
      value: { path: element.v, type: float }
      bool: { path: element.vb, type: boolean }
      text: { path: element.vs, type: string }
`,
  messages: [
    {
      what: 'a number in any notation, a boolean and a text',
      topic: 'senml',
      payload:
        '[{"n":"urn:dev:x:inlet","u":"Cel","t":1773000300,"v":6.14e1},{"n":"urn:dev:x:valve","t":1773000300.25,"vb":true},{"n":"urn:dev:x:model","t":1773000300,"vs":"HX-20"}]',
      wanted: [
        'senml,name=urn:dev:x:inlet,unit=Cel value=61.4 1773000300000000000',
        'senml,name=urn:dev:x:valve bool=T 1773000300250000000',
        'senml,name=urn:dev:x:model text="HX-20" 1773000300000000000',
      ],
    },
  ],
};

const HOME_ASSISTANT: Family = {
  family: 'Home Assistant and ESPHome',
  config: `
rules:
  - { name: discovery, topic: homeassistant/#, where: "false", measurement: ignored }
  - { name: esphome-status, topic: cellar/status, where: "false", measurement: ignored }
  - { name: esphome-log, topic: cellar/debug, where: "false", measurement: ignored }
  - name: state-topic
    topic: boiler/state
    measurement: boiler
    fields: { flow: { path: payload.flow, type: float }, return: { path: payload.return, type: float } }
  - name: esphome
    topic: cellar/+component/+object/state
    measurement: esphome
    tags: { component: topic.component, object: topic.object }
    fields: { value: { path: payload, type: float, noValue: [nan] } }
  - name: statestream
    topic: statestream/+domain/+object/state
    measurement: statestream
    tags: { domain: topic.domain, object: topic.object }
    fields: { value: { path: payload, type: float } }
  - { name: statestream-attributes, topic: statestream/#, where: "false", measurement: ignored }
`,
  messages: [
    {
      what: 'discovery is no reading',
      topic: 'homeassistant/sensor/boiler/flow/config',
      payload: '{"name":"Boiler flow","unique_id":"blr_flow","state_topic":"boiler/state"}',
      wanted: 'filtered by discovery',
    },
    {
      what: 'the JSON state that it points to',
      topic: 'boiler/state',
      payload: '{"flow":54.2,"return":41.0}',
      wanted: [`boiler flow=54.2,return=41 ${AT}`],
    },
    {
      what: 'a bare number, named by its topic',
      topic: 'cellar/sensor/flow/state',
      payload: '37.4',
      wanted: [`esphome,component=sensor,object=flow value=37.4 ${AT}`],
    },
    { what: 'a status', topic: 'cellar/status', payload: 'online', wanted: 'filtered by esphome-status' },
    {
      what: 'a number of statestream',
      topic: 'statestream/sensor/boiler_flow/state',
      payload: '54.2',
      wanted: [`statestream,domain=sensor,object=boiler_flow value=54.2 ${AT}`],
    },
    {
      what: 'its other messages',
      topic: 'statestream/sensor/boiler_flow/last_updated',
      payload: '"2026-03-08T20:05:11+00:00"',
      wanted: 'filtered by statestream-attributes',
    },
  ],
};

describe.each([TASMOTA, ZIGBEE2MQTT, THE_THINGS_STACK, SENML, HOME_ASSISTANT])(
  '$family',
  ({ config, messages }) => {
    const rules = ruleSetOf(config);
    it.each(messages)('$what', ({ topic, payload, wanted }) => {
      const { lines, outcome, reason } = outcomeIn(rules, payload, { topic });
      expect(outcome === 'written' ? lines : outcome, reason).toEqual(wanted);
    });
  },
);
