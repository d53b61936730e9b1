import { expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

const { zoneWords } = await pageModule<{
  zoneWords(nowMs: number, gatewayZone: string, ownZone: string): string;
}>('clock.js');

const WINTER_MS = Date.UTC(2026, 10, 30);
const SUMMER_MS = Date.UTC(2026, 6, 1);

it.each([
  ['one zone for both', WINTER_MS, 'Europe/Berlin', 'Europe/Berlin', 'Europe/Berlin, UTC+1'],
  ['its summer time', SUMMER_MS, 'Europe/Berlin', 'Europe/Berlin', 'Europe/Berlin, UTC+2'],
  ['another name for the same time', WINTER_MS, 'Europe/Paris', 'Europe/Berlin', 'Europe/Berlin, UTC+1'],
  ['a zone unknown to the browser', WINTER_MS, 'Mars/Olympus', 'Europe/Berlin', 'Europe/Berlin, UTC+1'],
  ['UTC once', WINTER_MS, 'UTC', 'UTC', 'UTC'],
  [
    'the zone of a gateway elsewhere',
    WINTER_MS,
    'America/New_York',
    'Europe/Berlin',
    'Europe/Berlin, UTC+1; the gateway is in America/New_York, UTC-5',
  ],
])('zoneWords says %s', (_what, nowMs, gatewayZone, ownZone, words) => {
  expect(zoneWords(nowMs, gatewayZone, ownZone)).toBe(words);
});
