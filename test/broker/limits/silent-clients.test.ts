import { describe, expect, it, onTestFinished } from 'vitest';
import { SilentClients, type SilentClientsOptions } from '../../../src/broker/limits/silent-clients.js';
import { SetClock } from '../../support/clock.js';

function start(options: Partial<SilentClientsOptions> = {}) {
  const clock = new SetClock();
  const silent = new SilentClients({ silentAfterMs: 60_000, closesSilent: false, ...options }, () =>
    clock.monotonicMs(),
  );
  onTestFinished(() => silent.close());
  const connect = () => {
    const client = {
      sends: false,
      closed: [] as string[],
      isSilent: () => !client.sends,
      silentFor: (detail: string) => {
        client.closed.push(detail);
        silent.closed(client);
      },
    };
    silent.connected(client);
    return client;
  };
  const pass = (ms: number) => {
    clock.elapsedMs += ms;
    silent.sweep();
  };
  return { silent, connect, pass };
}

describe('SilentClients [security 27]', () => {
  it('counts clients that do nothing for the time, and closes none unless it is told to', () => {
    const { silent, connect, pass } = start();
    const device = connect();
    const idle = connect();
    pass(59_999);
    expect(silent.count).toBe(0);
    device.sends = true;
    pass(1);
    expect(silent.count).toBe(1);
    pass(600_000);
    expect(silent.count).toBe(1);
    expect(idle.closed).toEqual([]);
    silent.closed(idle);
    pass(1);
    expect(silent.count).toBe(0);
  });

  it('closes them with closeSilent, and never one that has sent something once', () => {
    const { connect, pass } = start({ closesSilent: true });
    const device = connect();
    const idle = connect();
    device.sends = true;
    pass(30_000);
    device.sends = false;
    pass(30_000);
    expect(idle.closed).toEqual(['60 s after its CONNECT']);
    pass(600_000);
    expect(idle.closed).toHaveLength(1);
    expect(device.closed).toEqual([]);
  });
});
