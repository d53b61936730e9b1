import { describe, expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

interface Device {
  readonly measurement: string;
  readonly tag: string;
  readonly name: string;
}

const { deviceIn, hrefOf, withDevice } = await pageModule<{
  deviceIn(hash: string): Device | undefined;
  withDevice(hash: string, device: Device | undefined): string;
  hrefOf(device: Device): string;
}>('devices-link.js');

const DEVICE = { measurement: 'cold', tag: 'device', name: 'a&b=#"\u202e' };

describe('the device in the address', () => {
  it('is read as it was written, and leaves the other entries alone', () => {
    const hash = withDevice('#live=1h&device=x', DEVICE);
    expect(deviceIn(`#${hash}`)).toEqual(DEVICE);
    expect(new URLSearchParams(hash).get('live')).toBe('1h');
    expect(withDevice(`#${hash}`, undefined)).toBe('live=1h');
    expect(deviceIn(hrefOf(DEVICE).split('#')[1] ?? '')).toEqual(DEVICE);
  });

  it('takes no anchor for an entry', () => expect(withDevice('#ledger', undefined)).toBe(''));

  it.each([
    '',
    '#ledger',
    '#device=',
    '#device=x',
    '#device=["a","b"]',
    '#device=["a","b",1]',
    `#device=["a","b","${'n'.repeat(1_025)}"]`,
    `#device=["a","b","c"]&x=${'x'.repeat(16_384)}`,
  ])('is none in %s', (hash) => expect(deviceIn(hash)).toBeUndefined());
});
