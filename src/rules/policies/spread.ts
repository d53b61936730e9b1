import { TextHash } from '../../lib/text-hash.js';
import type { Field, Series } from '../../sink/point.js';

/** The hash of the tags of a series, so that it is taken once. */
const tagHashes = new WeakMap<Series, number>();

/**
 * What is added to the time of a point so that two different readings of one series at one time both stay: ns from 0 to below
 * the precision of the time. It depends on the reading alone. So no memory is needed, a replay gives the same, and a reading
 * that is sent again stays one point.
 */
export function spreadNs(fields: readonly Field[], series: Series, precisionNs: number): bigint {
  if (precisionNs <= 1) return 0n;
  // With the tags: two series may become one when a tag with too many values is omitted.
  const hash = new TextHash(tagHash(series));
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index] as Field;
    hash.add(field.name);
    if (field.type === 'float') hash.addNumber(field.value);
    else hash.add(String(field.value));
  }
  return BigInt(Math.floor(hash.fraction * precisionNs));
}

function tagHash(series: Series): number {
  let known = tagHashes.get(series);
  if (known === undefined) {
    const hash = new TextHash();
    for (const { name, value } of series.tags) hash.add(name).add(value);
    known = hash.high;
    tagHashes.set(series, known);
  }
  return known;
}
