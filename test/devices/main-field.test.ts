import { expect, test } from 'vitest';
import { mainField } from '../../src/devices/main-field.js';
import type { FieldSummary } from '../../src/sink/store-reader.js';

const TEXT: FieldSummary = { name: 'note', type: 'string' };
const COUNT: FieldSummary = { name: 'count', type: 'int' };
const VOLTS: FieldSummary = { name: 'volts', type: 'float', unit: 'V' };
const ROOM: FieldSummary = { name: 'room', type: 'float', expected: [2, 8] };

test.each<[FieldSummary[], string | undefined]>([
  [[TEXT, COUNT, VOLTS, ROOM], 'room'],
  [[TEXT, COUNT, VOLTS], 'volts'],
  [[TEXT, COUNT], 'count'],
  [[TEXT], undefined],
])('the main number field of %j', (fields, name) => {
  expect(mainField({ fields })).toBe(name);
});
