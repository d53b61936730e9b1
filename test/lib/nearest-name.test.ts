import { expect, test } from 'vitest';
import { nearestName } from '../../src/lib/nearest-name.js';

test.each([
  ['paylod', ['payload', 'topic'], 'payload'],
  ['PAYLOAD', ['payload', 'topic'], 'payload'],
  ['Max_Size', ['maxSize', 'whenFull'], 'maxSize'],
  ['temperature', ['payload', 'topic'], undefined],
  ['payload', [], undefined],
  ['ON', ['qos', 'topic'], undefined],
  ['max', ['has', 'size'], undefined],
  ['recieve', ['park', 'receive', 'clamp'], 'receive'],
] as const)('the name nearest to %s in %j is %s', (written, known, nearest) => {
  expect(nearestName(written, known)).toBe(nearest);
});
