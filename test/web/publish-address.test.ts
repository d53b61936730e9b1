import { describe, expect, it } from 'vitest';
import type { FirstStepsView } from '../../src/http/gateway-view.js';
import { pageModule } from '../support/page-module.js';

interface Address {
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  readonly isLocal: boolean;
}
const { publishAddress, addressText, publishCommand } = await pageModule<{
  publishAddress(listeners: FirstStepsView['listeners'], pageHost: string): Address | undefined;
  addressText(address: Address): string;
  publishCommand(address: Address, message: { topic: string; payload: string }): string;
}>('publish-address.js');

const mqtt = (host: string, port = 1883) => ({ protocol: 'mqtt', host, port }) as const;

describe('the address that a device publishes to', () => {
  it.each([
    ['0.0.0.0', 'gateway.lan', 'gateway.lan:1883', false],
    ['::', '[fd00::7]', '[fd00::7]:1883', false],
    ['0.0.0.0', 'localhost', '127.0.0.1:1883', false],
    ['192.168.1.5', 'gateway.lan', '192.168.1.5:1883', false],
    ['127.0.0.1', 'gateway.lan', '127.0.0.1:1883', true],
    ['::1', 'localhost', '[::1]:1883', true],
  ])('of a listener on %s, for a page at %s, is %s', (host, page, text, isLocal) => {
    const address = publishAddress([mqtt(host)], page)!;
    expect([addressText(address), address.isLocal]).toEqual([text, isLocal]);
  });

  it('is that of a plain listener if there is one', () => {
    const ws = { protocol: 'ws', host: '0.0.0.0', port: 9001 } as const;
    expect(publishAddress([ws, mqtt('0.0.0.0', 1884)], 'a')?.port).toBe(1884);
    expect(publishAddress([ws], 'a')).toMatchObject({ protocol: 'ws', port: 9001 });
    expect(publishAddress([], 'a')).toBeUndefined();
  });
});

it('the command quotes what a shell would read', () => {
  const address = publishAddress([mqtt('0.0.0.0', 2883)], 'gw.lan')!;
  expect(publishCommand(address, { topic: `a b/$(id)`, payload: `{"a":"it's"}` })).toBe(
    String.raw`mosquitto_pub -h gw.lan -p 2883 -q 1 -t 'a b/$(id)' -m '{"a":"it'\''s"}'`,
  );
  expect(publishCommand({ ...address, port: 1883 }, { topic: 'a/b', payload: '1' })).toBe(
    `mosquitto_pub -h gw.lan -q 1 -t a/b -m '1'`,
  );
});
