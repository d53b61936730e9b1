import { describe, expect, it } from 'vitest';
import { CheckpointSaver } from '../../src/books/checkpoint-saver.js';
import type { Checkpoint } from '../../src/books/checkpoint-store.js';
import { NO_RECORDS } from '../../src/books/ledger.js';
import { SystemClock } from '../../src/clock.js';
import { type ErrorCode, SluiceError } from '../../src/errors.js';

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
        if (code !== undefined) throw new SluiceError(code, 'as told');
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
  it('is saved later, the newest of them, and said so', async () => {
    const { saver, saved, warned, failed, nextSaved } = rig([
      'LEASE_TABLE_UNREACHABLE',
      'LEASE_TABLE_UNREACHABLE',
    ]);
    const done = nextSaved();
    saver.moved(at('1'));
    saver.moved(at('2'));
    await done;
    expect(saved).toEqual(['2']);
    expect(warned).toEqual(['LEASE_TABLE_UNREACHABLE', 'LEASE_TABLE_UNREACHABLE']);
    expect(failed).toEqual([]);
    await saver.stop();
  });

  it('does not make the next save fail', async () => {
    const { saver, saved, nextSaved } = rig(['CHECKPOINT_FAILED']);
    saver.moved(at('1'));
    await expect(saver.save()).resolves.toBeUndefined();
    const done = nextSaved();
    saver.moved(at('2'));
    await done;
    expect(saved.at(-1)).toBe('2');
    await saver.stop();
  });

  it('at the end only costs a replay', async () => {
    const { saver, warned } = rig([
      'LEASE_TABLE_UNREACHABLE',
      'LEASE_TABLE_UNREACHABLE',
      'LEASE_TABLE_UNREACHABLE',
    ]);
    saver.moved(at('1'));
    await saver.stop();
    await saver.saveAtEnd();
    expect(warned).toContain('LEASE_TABLE_UNREACHABLE');
  });
});

it('a failure that lasts is told, not repeated', async () => {
  const { saver, warned, failed } = rig(['CHECKPOINT_FAILED', 'CHECKPOINT_FAILED']);
  saver.moved(at('1'));
  await saver.stop();
  expect(failed).toMatchObject([{ code: 'CHECKPOINT_FAILED' }]);
  expect(warned).toEqual([]);
  await expect(saver.saveAtEnd()).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' });
});
