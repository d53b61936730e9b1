import { describe, expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { DEFAULT_JSON_LIMITS } from '../../src/formats/json/json-value.js';
import { gatewayOptions } from '../../src/gateway/gateway-options.js';
import { ConsumePipeline } from '../../src/pipeline/consume-pipeline.js';
import { DEFAULT_RULES } from '../../src/rules/rule-options.js';
import { DurableEndReader } from '../../src/stream/log/durable-end.js';
import { MAX_BODY_BYTES, TestLog } from '../support/log-fixture.js';
import { pointOf, seriesOf } from '../support/points.js';
import { tempDirectory } from '../support/temp-directory.js';

/**
 * The pipeline as a worker runs it, without the worker; the log holds 50 records of which none is JSON. No checkpoint on
 * the timer covers them while a test runs.
 */
async function started() {
  const root = tempDirectory();
  const directory = dataDirectory(root);
  await prepareDataDirectory(directory);
  const text = `stream: { log: { directory: ${directory.log} } }\nconsumer: { checkpointInterval: 10min }`;
  const parsed = parseConfig(text, 'sluice.yaml', '/', {});
  if (!parsed.ok) throw new Error('the configuration of this test is wrong');
  const { consume: options } = gatewayOptions(parsed.loaded.config, 'all');
  const log = await TestLog.open(directory.log);
  onTestFinished(() => log.writer.close());
  const durableEnd = new DurableEndReader(log.memory);
  log.durableEnd.onMove(() => durableEnd.woken());
  const pipeline = await ConsumePipeline.open(
    { ...options, directory, maxBodyBytes: MAX_BODY_BYTES },
    durableEnd,
    {
      onProgress: () => undefined,
      onContact: () => undefined,
      onCheckpoint: () => undefined,
      warn: () => undefined,
    },
  );
  const running = pipeline.run();
  onTestFinished(async () => {
    pipeline.abort();
    await running;
  });
  await log.append(0, 50);
  const until = async (isReached: () => boolean) => {
    while (!isReached()) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  await until(() => pipeline.report().ledger.processed === 50);
  return { pipeline, until, log };
}

describe('the consuming pipeline', () => {
  it('purges what it has parked itself, also just now, and reports its progress and what it purged', async () => {
    const { pipeline, until } = await started();
    const begun = await pipeline.ask({ kind: 'purge', selection: { all: true } });
    expect(begun).toMatchObject({ kind: 'purge', state: 'running', selected: 0 });
    await expect(pipeline.ask({ kind: 'replay', selection: { all: true } })).rejects.toMatchObject({
      code: 'DEAD_LETTER_BUSY',
    });
    await until(() => pipeline.report().replay.status?.state === 'done');
    expect(pipeline.report().replay).toMatchObject({
      status: { selected: 50, outcomes: { purged: 50 } },
      replayed: [{ ledger: 'log', totals: { purged: { 'payload-not-json': 50 } } }],
    });
  });

  it('applies a new policy for types with the new rules, and a changed field at once', async () => {
    const { pipeline } = await started();
    const rejected = (v: number | string) =>
      pipeline.ask({
        kind: 'write-self-metrics',
        points: [pointOf(seriesOf('m'), BigInt(Date.now()) * 1_000_000n, { v, n: 1 })],
      });
    expect([await rejected(1.5), await rejected('warm'), await rejected('warm')]).toEqual([0, 1, 1]);
    expect(pipeline.report()).toMatchObject({ sink: { pointsWritten: 1, pointsRefused: 2 } });
    const types = { otherwise: 'side-field' } as const;
    const rules = DEFAULT_RULES;
    await pipeline.ask({ kind: 'replace-rules', rules, payload: DEFAULT_JSON_LIMITS, types });
    expect(await rejected('warm')).toBe(0);
    expect(pipeline.report().typeConversions).toMatchObject({ 'side-field': 1 });
    const change = { kind: 'drop', measurement: 'm', field: 'v', isConfirmed: true } as const;
    expect(await pipeline.ask({ kind: 'change-field', change })).toMatchObject({ isDone: true, lost: 1 });
    expect(await rejected('warm')).toBe(0);
    expect(pipeline.report().typeConversions).toMatchObject({ 'side-field': 1 });
  });

  it('has no windows to report where none are configured', async () => {
    const { pipeline } = await started();
    await expect(pipeline.ask({ kind: 'windows-list' })).rejects.toMatchObject({
      code: 'USAGE_INVALID',
      message: expect.stringContaining('this gateway computes no windows') as string,
    });
  });

  it('explains a parked record by the rules in force', async () => {
    const { pipeline } = await started();
    const id = String(1_700_000_000_000_000_007n);
    expect(await pipeline.ask({ kind: 'explain', id })).toMatchObject({
      topic: 'sensors/ü0/telemetry',
      outcome: 'parked',
      code: 'payload-not-json',
      rule: 'default',
      lines: [],
    });
    expect(await pipeline.ask({ kind: 'explain', id: '1' })).toBeUndefined();
  });

  it('replaces rules for what comes next, and for explanations and replays that begin then', async () => {
    const { pipeline, until, log } = await started();
    const rule = {
      name: 'ignores',
      topic: '#',
      where: 'false',
      measurement: 'm',
      tags: {},
      fields: 'auto',
    } as const;
    await pipeline.ask({
      kind: 'replace-rules',
      rules: [rule],
      payload: DEFAULT_JSON_LIMITS,
      types: { otherwise: 'park' },
    });
    await log.append(50, 60);
    await until(() => pipeline.report().ledger.processed === 60);
    const { totals } = pipeline.report().ledger;
    expect(totals).toMatchObject({ parked: { 'payload-not-json': 50 }, filtered: { ignores: 10 } });
    const id = String(1_700_000_000_000_000_007n);
    expect(await pipeline.ask({ kind: 'explain', id })).toMatchObject({
      outcome: 'filtered',
      rule: 'ignores',
    });
    await pipeline.ask({ kind: 'replay', selection: { all: true } });
    await until(() => pipeline.report().replay.status?.state === 'done');
    expect(pipeline.report().replay.status).toMatchObject({ outcomes: { filtered: 50 } });
  });

  it('keeps its rules when the new ones cannot be compiled', async () => {
    const { pipeline, until, log } = await started();
    const rule = {
      name: 'wrong',
      topic: '#',
      where: '1 +',
      measurement: 'm',
      tags: {},
      fields: 'auto',
    } as const;
    const asked = pipeline.ask({
      kind: 'replace-rules',
      rules: [rule],
      payload: DEFAULT_JSON_LIMITS,
      types: { otherwise: 'park' },
    });
    await expect(asked).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await log.append(50, 60);
    await until(() => pipeline.report().ledger.processed === 60);
    expect(pipeline.report().ledger.totals.parked).toEqual({ 'payload-not-json': 60 });
  });
});
