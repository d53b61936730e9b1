import type { LatestGroup } from '../../src/sink/store-reader.js';
import type { FakeGatewayView } from './fake-gateway-view.js';

/** Devices d1, d2 … of which the first `silent` were last seen two hours ago. */
export function storeFleet(view: FakeGatewayView, devices: number, silent = 0): void {
  const names = Array.from({ length: devices }, (_, nth) => `d${nth + 1}`);
  view.stored = [
    {
      name: 'climate',
      tags: ['device', 'city'],
      fields: [
        { name: 'temperature', type: 'float' },
        { name: 'humidity', type: 'float' },
        { name: 'firmware', type: 'string' },
      ],
    },
  ];
  view.tagValues = { device: names, city: ['Mumbai', 'Pune'] };
  const nowMs = Date.now();
  view.latestGroups = names.map((name, nth): LatestGroup => {
    const quietMs = nth < silent ? 7_200_000 + nth : (nth % 50) * 100;
    return {
      name,
      atMs: nowMs - quietMs,
      values: [
        { field: 'firmware', value: '1.4.2' },
        { field: 'humidity', value: 40 + (nth % 30) },
        { field: 'temperature', value: 18 + (nth % 80) / 10 },
      ],
    };
  });
}
