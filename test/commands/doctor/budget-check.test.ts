import { mkdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { budgetText, checkBudgets } from '../../../src/commands/doctor/budget-check.js';
import { loadConfigText } from '../../../src/config/load-config.js';
import { CONSUMER_READER, FileCheckpointStore } from '../../../src/ledger/checkpoint-store.js';
import { PartitionStates } from '../../../src/ledger/partition-states.js';
import { StateJournal, stateFolder } from '../../../src/ledger/state-journal.js';
import { outcomeIn, ruleSetOf } from '../../rules/rule-outcome.js';
import { tempDirectory } from '../../support/temp-directory.js';

const rules = ruleSetOf('rules: [{ name: r, topic: s, measurement: m, tags: { id: payload.id } }]');

/** A data directory whose last checkpoint knows these identities of one client. */
async function saved(series: number, fields: readonly string[] = ['v']) {
  const directory = tempDirectory();
  const checkpoints = join(directory, 'data', 'checkpoints');
  mkdirSync(checkpoints, { recursive: true });
  const states = new PartitionStates();
  const journal = await StateJournal.open(
    stateFolder(checkpoints, CONSUMER_READER),
    undefined,
    states,
    () => undefined,
  );
  for (let id = 0; id < series; id += 1) {
    const payload = { id: `session-${id}`, ...Object.fromEntries(fields.map((name) => [name, 1])) };
    outcomeIn(
      rules,
      JSON.stringify(payload),
      { topic: 's', clientId: 'bad\u001b[2J' },
      { state: states.of('log') },
    );
  }
  journal.append(states.takeChanges());
  await journal.flush();
  await journal.close();
  await new FileCheckpointStore(checkpoints, CONSUMER_READER).save({
    position: '1',
    ledger: { written: series, parked: {}, filtered: {}, lost: {} },
    deadLetterEnd: { file: 0, bytes: 0 },
    stateEnd: journal.end,
  });
  const file = join(stateFolder(checkpoints, CONSUMER_READER), '00000001.jsonl');
  return { directory, file, bytes: journal.end.bytes };
}

async function check(directory: string, cardinality: string) {
  const text = `stream: { log: { directory: ./data/log } }\nconsumer: { policies: { cardinality: ${cardinality} } }\n`;
  const config = await loadConfigText(text, 'sluice.yaml', directory);
  return checkBudgets({ ...config, dataDirectory: join(directory, 'data') });
}

test.each([
  [79, 'ok', 79],
  [80, 'warn', 80],
  [100, 'warn', 100],
])('%i of 100 series: %s', async (series, state, percent) => {
  const { directory } = await saved(series);
  const result = await check(directory, '{ series: 100, clientShare: 100 }');
  expect(result).toMatchObject({
    name: 'budgets',
    state,
    found: `the fullest budget is used to ${percent} %; m has ${series} of 100 series; its tag id has ${series} values; the client bad\\u001b[2J added ${series} series`,
  });
  expect(result.advice === undefined).toBe(state === 'ok');
});

test('one client that has used up its share is told of, although the measurement has room', async () => {
  const { directory } = await saved(50);
  const result = await check(directory, '{ series: 100 }');
  expect(result).toMatchObject({ state: 'warn' });
  expect(result.advice).toContain('stop the client that adds them');
});

test('where fields are nearest to their limit, fields and the client that added them are named', async () => {
  const { directory } = await saved(1, ['a', 'b', 'c']);
  const result = await check(directory, '{ fields: 3, clientShare: 100 }');
  expect(result).toMatchObject({
    state: 'warn',
    found:
      'the fullest budget is used to 100 %; m has 3 of 3 fields; the client bad\\u001b[2J added 3 fields',
  });
});

test('without a checkpoint nothing is known yet', async () => {
  expect(await check(tempDirectory(), '{}')).toEqual({
    name: 'budgets',
    state: 'ok',
    found: 'no series is known yet',
  });
});

test('with cardinality: false nothing is counted, and no file is read', async () => {
  const { directory, file } = await saved(5);
  truncateSync(file, 3);
  expect(await check(directory, 'false')).toEqual({
    name: 'budgets',
    state: 'ok',
    found: 'series and fields are not counted (policies.cardinality: false)',
  });
});

test('a state that is damaged does not look like an empty one', async () => {
  const { directory, file, bytes } = await saved(5);
  truncateSync(file, bytes - 1);
  const result = await check(directory, '{}');
  expect(result.state).toBe('warn');
  expect(result.found).toBe(
    `what the rules remember cannot be read: ${file}: it has ${bytes - 1} bytes, the checkpoint names ${bytes}`,
  );
});

test('without a measurement the text says so', () => {
  const ratios = { series: 0, 'tag-values': 0, fields: 0, 'client-series': 0, 'client-fields': 0 };
  expect(budgetText({ ratios, limits: undefined, measurements: [] })).toBe('no series is known yet');
});
