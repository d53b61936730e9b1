/** The question for one chart to `/api/series`, as pairs: `only` comes once a device. */
export function seriesRequest({ measurement, field, by, onlyTag, only }, { fromMs, toMs, buckets }) {
  return [
    ['measurement', measurement],
    ['field', field],
    // Nothing can be older than 1970.
    ['from', String(Math.max(0, fromMs))],
    ['to', String(toMs)],
    ['buckets', String(buckets)],
    ...(by === undefined ? [] : [['by', by]]),
    ...(only.length === 0 ? [] : [['onlyTag', onlyTag], ...only.map((value) => ['only', value])]),
  ];
}
