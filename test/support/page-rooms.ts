import type { DeviceGroup, Look } from '../../src/devices/device-state.js';
import type { FakeDevice, FakeGatewayView } from './fake-gateway-view.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SPARK = Array.from({ length: 48 }, (_, nth) => 4 + Math.sin(nth / 4));

const OUTSIDE: DeviceGroup['values'] = [
  { field: 'battery', value: 71, unit: '%' },
  { field: 'compressor', value: 412, unit: 'W' },
  { field: 'temperature', value: 9.6, unit: '°C', outside: 'above' },
];

/** Twenty devices in three measurements; three of them need a look: cold-07 is outside, cold-03 silent, pump unreadable. */
export function storeRooms(view: FakeGatewayView): void {
  const nowMs = Date.now();
  const names = {
    cold: Array.from({ length: 8 }, (_, nth) => `cold-0${nth + 1}`),
    power: ['bakery', 'hall', 'kitchen', 'lighting', 'office', 'pump'],
    weather: ['airfield', 'dyke', 'harbour', 'orchard', 'park', 'rooftop'],
  };
  view.stored = [
    {
      name: 'cold',
      tags: ['device'],
      fields: [
        { name: 'battery', type: 'int', unit: '%' },
        { name: 'compressor', type: 'float', unit: 'W' },
        { name: 'temperature', type: 'float', unit: '°C', expected: [2, 8] },
      ],
    },
    { name: 'power', tags: ['meter'], fields: [{ name: 'power', type: 'float', unit: 'kW' }] },
    { name: 'weather', tags: ['station'], fields: [{ name: 'temperature', type: 'float', unit: '°C' }] },
  ];
  view.tagValues = { device: names.cold, meter: names.power, station: names.weather };
  view.latestByTag = {
    device: names.cold.map((name, nth) =>
      device(name, nowMs, [
        { field: 'battery', value: 90 - nth, unit: '%' },
        { field: 'compressor', value: 100 + nth, unit: 'W' },
        { field: 'temperature', value: 3.5 + nth / 10, unit: '°C' },
      ]),
    ),
    meter: names.power.map((name, nth) =>
      device(name, nowMs, [{ field: 'power', value: 1.25 + nth, unit: 'kW' }]),
    ),
    station: names.weather.map((name, nth) =>
      device(name, nowMs, [{ field: 'temperature', value: 6.5 + nth / 10, unit: '°C' }]),
    ),
  };
  change(view, 'device', 'cold-07', {
    state: 'outside',
    sinceMs: nowMs - 2 * HOUR_MS,
    values: OUTSIDE,
  });
  const silentSinceMs = nowMs - 3 * HOUR_MS;
  change(view, 'device', 'cold-03', { state: 'silent', sinceMs: silentSinceMs, atMs: silentSinceMs });
  change(view, 'meter', 'pump', { state: 'unreadable', sinceMs: nowMs - 14 * MINUTE_MS });
  needLook(view, [
    {
      measurement: 'power',
      tag: 'meter',
      name: 'pump',
      state: 'unreadable',
      sinceMs: nowMs - 14 * MINUTE_MS,
      topic: 'power/pump/telemetry',
      code: 'payload-not-json',
      reason: 'NaN is no JSON value',
      count: 14,
    },
    {
      measurement: 'cold',
      tag: 'device',
      name: 'cold-07',
      state: 'outside',
      sinceMs: nowMs - 2 * HOUR_MS,
      field: 'temperature',
      value: 9.6,
      unit: '°C',
      expected: [2, 8],
    },
    { measurement: 'cold', tag: 'device', name: 'cold-03', state: 'silent', sinceMs: silentSinceMs },
  ]);
}

/** Sets which devices need a look, out of twenty. */
export function needLook(view: FakeGatewayView, looks: readonly Look[]): void {
  view.looks = {
    asOfMs: Date.now(),
    devices: 20,
    moreDevices: false,
    needLook: looks.length,
    found: looks.length,
    looks,
  };
}

/** Changes what is known of one device. */
export function change(view: FakeGatewayView, tag: string, name: string, known: Partial<FakeDevice>): void {
  const devices = view.latestByTag[tag] ?? [];
  view.latestByTag[tag] = devices.map((one) => (one.name === name ? { ...one, ...known } : one));
}

function device(name: string, atMs: number, values: DeviceGroup['values']): FakeDevice {
  return { name, atMs, values, spark: SPARK };
}
