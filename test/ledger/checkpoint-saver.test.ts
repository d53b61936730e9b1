import { describe, expect, it } from 'vitest';
import { CheckpointSaver } from '../../src/ledger/checkpoint-saver.js';
import type { Checkpoint } from '../../src/ledger/checkpoint-store.js';
import { NO_RECORDS } from '../../src/ledger/ledger.js';
import { SystemClock } from '../../src/lib/clock.js';
import { type ErrorCode, SluiceError } from '../../src/lib/errors.js';

function at(position: string): Checkpoint {
  return { position, ledger: NO_RECORDS, deadLetterEnd: { file: 0, bytes: 0 } };
}

/** A store that fails with each of `failures` before it takes anything. */
function rig(failures: ErrorCode[]) {
  const saved: string[] = [];
  const warned: unknown[] = [];
  const failed: unknown[] = [];
  let onSaved: () => void = () => undefined;
  const saver = new CheckpointSaver({
    checkpoints: {
      load: async () => undefined,
      save: async ({ position }) => {
        const code = failures.shift();
        if (code !== undefined) throw new SluiceError(code, 'as the test wants');
        saved.push(position);
      },
    },
    clock: new SystemClock(),
    intervalMs: 5,
    onCheckpoint: () => onSaved(),
    onFailure: (thrown) => failed.push(thrown),
    warn: (fields) => warned.push(fields.code),
  });
  const nextSaved = () =>
    new Promise<void>((resolve) => {
      onSaved = resolve;
    });
  return { saver, saved, warned, failed, nextSaved };
}

describe('a checkpoint that cannot be saved now', () => {
  it('is saved later, the newest of them, with a warning', async () => {
    const { saver, saved, warned, failed, nextSaved } = rig([
      'LEASE_TABLE_UNREACHABLE',
      'LEASE_TABLE_UNREACHABLE',
    ]);
    const done = nextSaved();
    saver.update(at('1'));
    saver.update(at('2'));
    await done;
    expect(saved).toEqual(['2']);
    expect(warned).toEqual(['LEASE_TABLE_UNREACHABLE', 'LEASE_TABLE_UNREACHABLE']);
    expect(failed).toEqual([]);
    await saver.stop();
  });

  it('does not make the next save fail', async () => {
    const { saver, saved, nextSaved } = rig(['CHECKPOINT_FAILED']);
    saver.update(at('1'));
    await expect(saver.save()).resolves.toBeUndefined();
    const done = nextSaved();
    saver.update(at('2'));
    await done;
    expect(saved.at(-1)).toBe('2');
    await saver.stop();
  });

  it('at a stop is only logged: the next start reads from an older position', async () => {
    const { saver, warned } = rig([
      'LEASE_TABLE_UNREACHABLE',
      'LEASE_TABLE_UNREACHABLE',
      'LEASE_TABLE_UNREACHABLE',
    ]);
    saver.update(at('1'));
    await saver.stop();
    await saver.saveAtEnd();
    expect(warned).toContain('LEASE_TABLE_UNREACHABLE');
  });
});

it('a permanent failure is reported, not tried again', async () => {
  const { saver, warned, failed } = rig(['CHECKPOINT_FAILED', 'CHECKPOINT_FAILED']);
  saver.update(at('1'));
  await saver.stop();
  expect(failed).toMatchObject([{ code: 'CHECKPOINT_FAILED' }]);
  expect(warned).toEqual([]);
  await expect(saver.saveAtEnd()).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' });
});
