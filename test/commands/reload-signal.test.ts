import { expect, it, onTestFinished } from 'vitest';
import { ReloadSignal } from '../../src/commands/reload-signal.js';

/** A signal with what it has done, and a terminal that a test closes. */
function setUp(terminal: { isThere: boolean }) {
  const before = process.listeners('SIGHUP');
  const done: string[] = [];
  const signal = new ReloadSignal(
    () => done.push('stop'),
    () => terminal.isThere,
  );
  onTestFinished(() => {
    for (const listener of process.listeners('SIGHUP'))
      if (!before.includes(listener)) process.off('SIGHUP', listener);
  });
  return { done, signal };
}

it('keeps a SIGHUP of the start until the gateway can reload, and then obeys each', () => {
  const { done, signal } = setUp({ isThere: false });
  process.emit('SIGHUP');
  process.emit('SIGHUP');
  expect(done).toEqual([]);
  signal.onSignal(() => done.push('reload'));
  expect(done).toEqual(['reload']);
  process.emit('SIGHUP');
  expect(done).toEqual(['reload', 'reload']);
});

it('reloads in a terminal, and stops once that is closed', () => {
  const terminal = { isThere: true };
  const { done, signal } = setUp(terminal);
  signal.onSignal(() => done.push('reload'));
  process.emit('SIGHUP');
  terminal.isThere = false;
  process.emit('SIGHUP');
  expect(done).toEqual(['reload', 'stop']);
});
