import { expect, it, onTestFinished } from 'vitest';
import { ReloadSignal } from '../../src/commands/reload-signal.js';

it('keeps a SIGHUP of the start until the gateway can reload, and then obeys each', () => {
  const before = process.listeners('SIGHUP');
  const signal = new ReloadSignal();
  onTestFinished(() => {
    for (const listener of process.listeners('SIGHUP'))
      if (!before.includes(listener)) process.off('SIGHUP', listener);
  });
  let reloads = 0;
  process.emit('SIGHUP');
  process.emit('SIGHUP');
  signal.onSignal(() => {
    reloads += 1;
  });
  expect(reloads).toBe(1);
  process.emit('SIGHUP');
  expect(reloads).toBe(2);
});
