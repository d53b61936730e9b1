import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import type { ParkCode } from '../../src/dead-letter/park-codes.js';
import { parkedRecord } from '../../src/dead-letter/parked-record.js';
import { GatewayDeadLetters, type ReplayWorker } from '../../src/gateway/gateway-dead-letters.js';
import { NO_RECORDS } from '../../src/ledger/ledger.js';
import { ParkedFiles } from '../../src/replay/parked-files.js';
import { testRecord } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';

async function opened() {
  const directory = join(tempDirectory(), 'dead-letter');
  const writer = await DeadLetterWriter.open({ directory, maxSizeBytes: 1 << 20 });
  const parkedFiles = await ParkedFiles.open(directory, { replayableEnd: async () => undefined });
  onTestFinished(async () => {
    await parkedFiles.close();
    await writer.close();
  });
  const parked: Record<string, number> = {};
  const asked: unknown[] = [];
  const worker: ReplayWorker = {
    get report() {
      const replayed = parkedFiles.totals().map(({ totals }) => ({ totals, ledger: 'log' as const }));
      return { replay: { replayed }, ledger: { totals: { ...NO_RECORDS, parked } } };
    },
    ask: async (request) => {
      asked.push(request);
      return undefined;
    },
  };
  const park = async (n: number, code: ParkCode) => {
    await writer.append([parkedRecord(testRecord(n), { code, reason: 'because' }, n)]);
    parked[code] = (parked[code] ?? 0) + 1;
  };
  const deadLetters = new GatewayDeadLetters({ directory, worker, isConsuming: true });
  return { deadLetters, parkedFiles, park, asked };
}

it('the list agrees with the ledger as soon as it counts a parked record, a replay or a purge', async () => {
  const { deadLetters, parkedFiles, park } = await opened();
  expect((await deadLetters.list(9)).deadLetters).toEqual([]);
  await park(1, 'rule-none');
  await park(2, 'no-fields');
  expect((await deadLetters.list(9)).deadLetters).toHaveLength(2);
  expect((await deadLetters.list(9, { code: 'no-fields' })).deadLetters).toHaveLength(1);
  const id = String(testRecord(2).receivedAtNs);
  expect(await deadLetters.detail(id)).toMatchObject({ detail: { id, code: 'no-fields' } });
  const file = (await parkedFiles.openSpan((await parkedFiles.spans())[0]!))!;
  const moves = [...file.pending()].map(({ at, parked }) => ({
    at,
    id: parked.id,
    from: parked.code,
    replayedAtMs: 3,
    outcome: { to: 'written' as const },
  }));
  await file.record(moves);
  expect((await deadLetters.list(9)).deadLetters).toEqual([]);
  expect((await deadLetters.list(9, { code: 'no-fields' })).deadLetters).toEqual([]);
  expect(await deadLetters.detail(id)).toEqual({});
});

it('pages that ask at once share one list and one explanation, however many are open', async () => {
  const { deadLetters, park, asked } = await opened();
  await park(1, 'rule-none');
  const lists = await Promise.all(Array.from({ length: 20 }, () => deadLetters.list(9)));
  expect(new Set(lists).size).toBe(1);
  const id = String(testRecord(1).receivedAtNs);
  await Promise.all(Array.from({ length: 20 }, () => deadLetters.detail(id)));
  expect(asked).toEqual([{ kind: 'explain', id, after: lists[0]?.deadLetters[0]?.cursor }]);
});

it('two searches run at once; the others are refused at once, and lists without a filter go on', async () => {
  const { deadLetters, park } = await opened();
  await park(1, 'rule-none');
  const searches = await Promise.allSettled(
    Array.from({ length: 6 }, (_, n) => deadLetters.list(9, { topic: `none ${n}` })),
  );
  expect(searches.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  for (const { reason } of searches.filter((search) => search.status === 'rejected')) {
    expect(reason).toMatchObject({ code: 'DEAD_LETTER_SCANNING', retryable: true });
  }
  const [search, search2, list] = await Promise.all([
    deadLetters.list(9, { topic: 'none' }),
    deadLetters.detail('404'),
    deadLetters.list(9),
  ]);
  expect([search.deadLetters, search2, list.deadLetters.length]).toEqual([[], {}, 1]);
});
