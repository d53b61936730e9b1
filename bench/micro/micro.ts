import type { BenchOptions } from '../options.js';
import { numberText, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import { compareAppend } from './append.js';
import { compareApply } from './apply.js';
import { compareDecode } from './decode.js';
import { compareEncode } from './encode.js';
import { compareInspect } from './inspect.js';
import { compareKinesisCodec } from './kinesis-codec.js';
import { comparePolicies } from './policies.js';
import type { Comparison } from './rounds.js';
import { compareWindowValues } from './window-values.js';

/** What one element costs in each stage, on one thread with nothing else running. */
export async function micro(options: BenchOptions): Promise<PartReport> {
  const sizes = {
    rounds: options.repeat ?? (options.isQuick ? 2 : 7),
    roundMs: options.isQuick ? 60 : 400,
  };
  const comparisons = [
    await compareDecode(sizes),
    ...(await compareApply(sizes)),
    ...(await comparePolicies(sizes)),
    await compareEncode(sizes),
    await compareInspect(sizes),
    ...(await compareAppend(options.directory, options.isQuick ? [1, 1000] : [1, 100, 1000, 5000], sizes)),
    ...(await compareKinesisCodec(sizes)),
    ...(await compareWindowValues(options.directory, sizes)),
  ];
  return {
    title: 'micro: operations a second on one thread',
    notes: [
      `median (min..max) of ${sizes.rounds} rounds of ${sizes.roundMs} ms; the two sides take turns`,
      'readings of the cities shape, about 100 bytes, 20 series; append: payloads of 100 bytes',
    ],
    heads: ['what', 'alternative', 'per second', 'ns each', 'alternative per second', 'ratio (min..max)'],
    rows: comparisons.map(row),
    figures: { sizes, comparisons },
  };
}

function row({ name, alternative, ours, theirs, ratio }: Comparison): string[] {
  return [
    name,
    alternative,
    spreadText(ours),
    numberText(1e9 / ours.median),
    spreadText(theirs),
    spreadText(ratio, 2),
  ];
}
