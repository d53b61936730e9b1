import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadedConfig } from '../config/load-config.js';
import { drawProblem } from '../config/problem.js';
import { type ExpectedOutcome, readSamples, type Sample } from '../config/read-samples.js';
import { errorText, SluiceError } from '../lib/errors.js';
import { escapeUnprintable, oneLine } from '../lib/printable.js';
import { explainRecord } from '../rules/explain-record.js';
import { compileOrThrow, type RuleSet } from '../rules/rule-set.js';
import { newLineText } from '../sink/influx/line.js';

/**
 * Maps the recorded messages of a directory by the rules of the configuration, and compares what comes out with what each
 * case expects. Resolves with the exit code: 0 when every case passes, 1 when one fails, 2 when a case file is wrong.
 */
export function checkSamples({ config }: LoadedConfig, directory: string): number {
  const read = caseFiles(directory).map(readSamples);
  const problems = read.flatMap((one) => one.problems);
  if (problems.length > 0) {
    process.stderr.write(`${problems.map(drawProblem).join('\n')}\n`);
    return 2;
  }
  const samples = read.flatMap((one) => one.samples);
  if (samples.length === 0) throw noCases(directory);
  const rules = compileOrThrow(config.rules, config.mapping);
  const failures = samples.flatMap((sample) => {
    const failure = failureOf(sample, rules, config.consumer.payload);
    return failure === undefined ? [] : [failure];
  });
  const passed = `${samples.length - failures.length} passed, ${failures.length} failed`;
  process.stdout.write(`${[...failures, passed].join('\n')}\n`);
  return failures.length > 0 ? 1 : 0;
}

/** Every YAML file of the directory and the folders in it, in the order of their names. */
function caseFiles(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort();
  } catch (thrown) {
    throw new SluiceError('USAGE_INVALID', `--samples: the directory cannot be read: ${errorText(thrown)}`);
  }
}

function noCases(directory: string): SluiceError {
  return new SluiceError('USAGE_INVALID', `--samples: ${directory} has no case in a file *.yaml`);
}

/** What differs, as text for a terminal; undefined for a case that passes. */
function failureOf(
  sample: Sample,
  rules: RuleSet,
  limits: LoadedConfig['config']['consumer']['payload'],
): string | undefined {
  const { mapped, lines } = explainRecord(rules, sample, newLineText(), { limits });
  const outcome: ExpectedOutcome = {
    lines,
    filtered: mapped.kind === 'filtered' ? mapped.rule : undefined,
    parked: mapped.kind === 'parked' ? mapped.code : undefined,
  };
  const { name, location, expected } = sample;
  const place = [location.file, location.line, location.column]
    .filter((part) => part !== undefined)
    .join(':');
  const head = `FAIL ${oneLine(name)} (${place})`;
  const reason = mapped.kind === 'parked' ? [`    why: ${oneLine(mapped.reason)}`] : [];
  if (expected === undefined) {
    return [
      `${head}: it has no expect; the outcome is`,
      ...shown(outcome).map((line) => `  + ${line}`),
      ...reason,
    ].join('\n');
  }
  const compared =
    expected.lines === undefined && expected.parked !== undefined ? { ...outcome, lines: [] } : outcome;
  const [wanted, got] = [shown(expected), shown(withTimesLike(expected, compared))];
  if (wanted.join('\n') === got.join('\n')) return undefined;
  return [head, ...difference(wanted, got), ...reason].join('\n');
}

function shown({ lines = [], filtered, parked }: ExpectedOutcome): string[] {
  return [
    ...lines.map((line) => `line      ${escapeUnprintable(line)}`),
    ...(filtered === undefined ? [] : [`filtered  ${oneLine(filtered)}`]),
    ...(parked === undefined ? [] : [`parked    ${oneLine(parked)}`]),
  ];
}

const TIME = / -?\d+$/;

/** Takes the times from the lines whose counterparts have none. A string field ends in a quote, so nothing else looks so. */
function withTimesLike({ lines: wanted = [] }: ExpectedOutcome, outcome: ExpectedOutcome): ExpectedOutcome {
  const lines = outcome.lines?.map((line, index) =>
    wanted[index] === undefined || TIME.test(wanted[index]) ? line : line.replace(TIME, ''),
  );
  return { ...outcome, lines };
}

/** What was expected with `-`, what came with `+`, what is the same with neither, in their order. */
function difference(wanted: readonly string[], got: readonly string[]): string[] {
  return Array.from({ length: Math.max(wanted.length, got.length) }, (_, index) => index).flatMap((index) => {
    const [want, have] = [wanted[index], got[index]];
    if (want === have) return [`    ${want}`];
    return [...(want === undefined ? [] : [`  - ${want}`]), ...(have === undefined ? [] : [`  + ${have}`])];
  });
}
