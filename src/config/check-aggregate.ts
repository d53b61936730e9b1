import { formatDuration } from '../lib/quantity.js';
import { TimeZone } from '../lib/time-zone.js';
import type { Aggregate, Resolution } from '../windows/aggregate.js';
import { HIDDEN_PARTS, hiddenName, ROW_MARKERS, rowFieldNames } from '../windows/row-field-names.js';
import type { Findings } from './findings.js';
import type { KeyPath } from './problem.js';
import { MAX_AGGREGATE_FIELDS, MAX_RESOLUTIONS, type WrittenAggregate } from './schema-windows.js';

const DAY_MS = 86_400_000;
/** One value is in as many windows. */
const MAX_OVERLAPS = 60;

/** Checks the keys of one aggregate against one another. */
export function checkAggregate(
  aggregate: Aggregate,
  written: WrittenAggregate,
  at: KeyPath,
  findings: Findings,
): void {
  checkEvery(aggregate, written, at, findings);
  checkSize(aggregate, written, at, findings);
  checkFields(aggregate, written, at, findings);
  // Without resolutions there is one that follows from the other keys.
  if (written.resolutions !== undefined) {
    checkResolutions(aggregate.resolutions, [...at, 'resolutions'], findings);
  }
}

function checkEvery(
  { resolutions: [finest], earlyMs }: Aggregate,
  { every, resolutions }: WrittenAggregate,
  at: KeyPath,
  findings: Findings,
): void {
  const paths: [KeyPath, KeyPath] = [
    [...at, 'every'],
    [...at, 'resolutions'],
  ];
  if (every === undefined && resolutions === undefined) {
    findings.add(paths, { expected: 'a duration, unless there are resolutions; it is missing' });
    return;
  }
  if (every !== undefined && every !== finest!.everyMs) {
    findings.add(paths, {
      got: formatDuration(every),
      expected: `the duration of the first resolution, which is ${formatDuration(finest!.everyMs)}, or no such key`,
    });
  }
  if (earlyMs !== undefined && earlyMs >= finest!.everyMs) {
    findings.add([[...at, 'early'], ...paths], {
      expected: `a duration below every, which is ${formatDuration(finest!.everyMs)}`,
    });
  }
}

function checkSize(
  { sizeMs, resolutions }: Aggregate,
  { size }: WrittenAggregate,
  at: KeyPath,
  findings: Findings,
): void {
  if (size === undefined) return;
  const { everyMs } = resolutions[0]!;
  const about: [KeyPath, KeyPath, KeyPath] = [
    [...at, 'size'],
    [...at, 'every'],
    [...at, 'resolutions'],
  ];
  if (resolutions.length > 1) {
    findings.add(about, {
      got: `${formatDuration(sizeMs)} and ${resolutions.length} resolutions`,
      expected: 'one resolution: rows of windows that overlap cannot be merged',
    });
  } else if (sizeMs % everyMs !== 0 || sizeMs / everyMs > MAX_OVERLAPS) {
    findings.add(about, {
      expected: `a multiple of every, which is ${formatDuration(everyMs)}, at most ${MAX_OVERLAPS} of them`,
    });
  }
}

function checkFields(
  { fields, by = [] }: Aggregate,
  { histogram, quantiles }: WrittenAggregate,
  at: KeyPath,
  findings: Findings,
): void {
  const fieldsPath: KeyPath = [...at, 'fields'];
  if (fields.size === 0 || fields.size > MAX_AGGREGATE_FIELDS) {
    findings.add([fieldsPath], {
      got: `${fields.size} fields`,
      expected: `1 to ${MAX_AGGREGATE_FIELDS} fields with their functions`,
    });
  }
  for (const [key, named] of [
    ['histogram', Object.keys(histogram)],
    ['quantiles', Array.isArray(quantiles) ? [] : Object.keys(quantiles ?? {})],
  ] as const) {
    for (const field of named.filter((name) => !fields.has(name))) {
      findings.add([[...at, key, field], fieldsPath], {
        got: field,
        expected: `a field that is in fields: ${[...fields.keys()].join(', ')}`,
      });
    }
  }
  checkNames(fields, by, at, findings);
}

/** All names of a row are columns of one table. */
function checkNames(
  fields: Aggregate['fields'],
  by: readonly string[],
  at: KeyPath,
  findings: Findings,
): void {
  const origins = new Map<string, string>(ROW_MARKERS.map((marker) => [marker, 'every row']));
  for (const [field, aggregated] of fields) {
    const path: KeyPath = [...at, 'fields', field];
    for (const name of rowFieldNames(field, aggregated)) {
      const other = origins.get(name);
      origins.set(name, field);
      const hidden = [...fields.keys()].find((one) =>
        HIDDEN_PARTS.some((part) => hiddenName(one, part) === name),
      );
      if (other === undefined && hidden === undefined) continue;
      findings.add([path, [...at, 'quantiles'], [...at, 'histogram']], {
        got: name,
        expected: `functions with names of their own in the rows; ${other ?? hidden} has this one`,
      });
    }
  }
  for (const tag of by.filter((name) => origins.has(name))) {
    findings.add(
      [
        [...at, 'by'],
        [...at, 'fields'],
      ],
      {
        got: tag,
        expected: 'a tag with another name than a field of the rows',
      },
    );
  }
}

function checkResolutions(resolutions: readonly Resolution[], path: KeyPath, findings: Findings): void {
  if (resolutions.length > MAX_RESOLUTIONS) {
    findings.add([path], {
      got: `${resolutions.length} resolutions`,
      expected: `at most ${MAX_RESOLUTIONS}`,
    });
  }
  for (const [index, resolution] of resolutions.entries()) {
    const at: KeyPath = [...path, index];
    const finer = resolutions[index - 1];
    checkLength(resolution, finer, at, findings);
    checkZone(resolution, finer, at, findings);
    const coarser = resolutions[index + 1];
    if (resolution.retentionMs > 0 && coarser !== undefined && resolution.retentionMs < coarser.everyMs) {
      findings.add(
        [
          [...at, 'retention'],
          [...path, index + 1, 'every'],
        ],
        {
          got: formatDuration(resolution.retentionMs),
          expected: `at least ${formatDuration(coarser.everyMs)}, because the rows of the next resolution are merged from these`,
        },
      );
    }
  }
}

function checkLength(
  { everyMs, retentionMs }: Resolution,
  finer: Resolution | undefined,
  at: KeyPath,
  findings: Findings,
): void {
  const everyPath: KeyPath = [...at, 'every'];
  if (everyMs > DAY_MS && everyMs % DAY_MS !== 0) {
    findings.add([everyPath], { expected: 'whole days, because it is more than a day' });
  } else if (finer !== undefined && (everyMs <= finer.everyMs || everyMs % finer.everyMs !== 0)) {
    findings.add([everyPath], {
      expected: `a multiple of the resolution before it, which is ${formatDuration(finer.everyMs)}`,
    });
  }
  if (retentionMs > 0 && retentionMs < everyMs) {
    findings.add([[...at, 'retention'], everyPath], {
      got: formatDuration(retentionMs),
      expected: `at least every, which is ${formatDuration(everyMs)}, or 0d for ever`,
    });
  }
}

function checkZone(
  { everyMs, timezone }: Resolution,
  finer: Resolution | undefined,
  at: KeyPath,
  findings: Findings,
): void {
  if (finer?.timezone !== undefined) {
    findings.add([[...at, 'every']], {
      got: formatDuration(everyMs),
      expected: `no resolution behind the days of a time zone: a row of ${formatDuration(everyMs)} cannot be merged from them`,
    });
  }
  if (timezone === undefined) return;
  const zonePath: KeyPath = [...at, 'timezone'];
  if (everyMs !== DAY_MS) {
    findings.add([zonePath, [...at, 'every']], { expected: 'no such key, because every is not 1d' });
    return;
  }
  if (TimeZone.of(timezone) !== undefined) return;
  const meant = TimeZone.ofCity(timezone);
  findings.add([zonePath], {
    expected: 'an IANA time zone such as Europe/Berlin',
    hint: meant === undefined ? undefined : `did you mean ${meant}?`,
  });
}
