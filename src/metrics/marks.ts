import type { Point } from '../sink/sink.js';
import type { DownstreamReport } from '../threads/downstream-protocol.js';
import type { ForwardingReport } from '../threads/forwarding-protocol.js';

/** What can be marked in a chart; closed, because it is a tag. */
export const MARK_KINDS = [
  'start',
  'stop',
  'outage',
  'recovered',
  'log-blocked',
  'log-unblocked',
  'records-dropped',
  'records-gone',
  'reshard',
  'leases-taken',
  'leases-lost',
] as const;
export type MarkKind = (typeof MARK_KINDS)[number];

/** Something that happened to the gateway. */
export interface Mark {
  readonly kind: MarkKind;
  /** One sentence. */
  readonly text: string;
}

/** As a point of `<measurement>_events`. */
export function markPoint(
  { kind, text }: Mark,
  { measurement, instance }: { readonly measurement: string; readonly instance: string },
  timestampNs: bigint,
): Point {
  return {
    series: {
      measurement: `${measurement}_events`,
      tags: [
        { name: 'gateway', value: instance },
        { name: 'kind', value: kind },
      ],
    },
    // No store takes control characters in a text, and the words of a store may have some.
    fields: [{ name: 'text', type: 'string', value: text.replace(/\p{Cc}|\p{Surrogate}/gu, ' ') }],
    timestampNs,
  };
}

/** What has happened to the store, or to the reading of Kinesis, between two reports. */
export function downstreamMarks(now: DownstreamReport, before: DownstreamReport | undefined): Mark[] {
  const marks = outageMarks('the store', now.sink.status, before?.sink.status);
  const { kinesis } = now;
  if (kinesis === undefined) return marks;
  const earlier = before?.kinesis;
  marks.push(...outageMarks('reading Kinesis', kinesis.status, earlier?.status));
  const gaps = kinesis.counters.gaps - (earlier?.counters.gaps ?? 0);
  if (gaps > 0) marks.push({ kind: 'records-gone', text: 'records left the stream before they were read' });
  const ended = kinesis.counters.shardsEnded - (earlier?.counters.shardsEnded ?? 0);
  if (ended > 0) marks.push({ kind: 'reshard', text: `${shards(ended)} read to the end: others follow` });
  const taken = (kinesis.leases?.taken ?? 0) - (earlier?.leases?.taken ?? 0);
  if (taken > 0) marks.push({ kind: 'leases-taken', text: `${shards(taken)} taken over` });
  const lost = (kinesis.leases?.lost ?? 0) - (earlier?.leases?.lost ?? 0);
  if (lost > 0) marks.push({ kind: 'leases-lost', text: `${shards(lost)} lost to another consumer` });
  return marks;
}

/** What has happened to sending to Kinesis between two reports. */
export function forwardingMarks(now: ForwardingReport, before: ForwardingReport | undefined): Mark[] {
  return outageMarks('sending to Kinesis', now.status, before?.status);
}

interface Status {
  readonly state: 'healthy' | 'retrying' | 'misconfigured';
  readonly detail: string;
}

function outageMarks(what: string, now: Status, before: Status | undefined): Mark[] {
  const wasHealthy = (before?.state ?? 'healthy') === 'healthy';
  const isHealthy = now.state === 'healthy';
  if (wasHealthy === isHealthy) return [];
  return isHealthy
    ? [{ kind: 'recovered', text: `${what} works again` }]
    : [{ kind: 'outage', text: `${what} fails: ${now.detail}` }];
}

function shards(count: number): string {
  return count === 1 ? 'one shard' : `${count} shards`;
}
