import type { ConsumeReport } from '../pipeline/consume-protocol.js';
import type { ForwardReport } from '../pipeline/forward-protocol.js';
import type { Point } from '../sink/point.js';

/** The kinds of annotations in charts; the list is closed because the kind is a tag. */
export const ANNOTATION_KINDS = [
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
export type AnnotationKind = (typeof ANNOTATION_KINDS)[number];

/** An event of the gateway that dashboards show. */
export interface Annotation {
  readonly kind: AnnotationKind;
  /** A sentence. */
  readonly text: string;
}

/** Returns the annotation as a point of `<measurement>_events`. */
export function annotationPoint(
  { kind, text }: Annotation,
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
    // No store accepts control characters in a text, but the message of a store may contain some.
    fields: [{ name: 'text', type: 'string', value: text.replace(/\p{Cc}|\p{Surrogate}/gu, ' ') }],
    timestampNs,
  };
}

/** Returns what happened to the store, and to reading from Kinesis, between two reports. */
export function consumeAnnotations(now: ConsumeReport, before: ConsumeReport | undefined): Annotation[] {
  const annotations = outageAnnotations('the store', now.sink.status, before?.sink.status);
  const { kinesis } = now;
  if (kinesis === undefined) return annotations;
  const earlier = before?.kinesis;
  annotations.push(...outageAnnotations('reading Kinesis', kinesis.status, earlier?.status));
  const gaps = kinesis.counters.gaps - (earlier?.counters.gaps ?? 0);
  if (gaps > 0)
    annotations.push({
      kind: 'records-gone',
      text: 'records are gone from the stream that may not have been read',
    });
  const ended = kinesis.counters.shardsEnded - (earlier?.counters.shardsEnded ?? 0);
  if (ended > 0)
    annotations.push({
      kind: 'reshard',
      text: `${shards(ended)} read to the end; reading continues with their successors`,
    });
  const taken = (kinesis.leases?.taken ?? 0) - (earlier?.leases?.taken ?? 0);
  if (taken > 0) annotations.push({ kind: 'leases-taken', text: `${shards(taken)} taken over` });
  const lost = (kinesis.leases?.lost ?? 0) - (earlier?.leases?.lost ?? 0);
  if (lost > 0) annotations.push({ kind: 'leases-lost', text: `${shards(lost)} lost to another consumer` });
  return annotations;
}

/** Returns what happened to sending to Kinesis between two reports. */
export function forwardAnnotations(now: ForwardReport, before: ForwardReport | undefined): Annotation[] {
  return outageAnnotations('sending to Kinesis', now.status, before?.status);
}

interface Status {
  readonly state: 'untried' | 'healthy' | 'retrying' | 'misconfigured';
  readonly detail: string;
}

function outageAnnotations(what: string, now: Status, before: Status | undefined): Annotation[] {
  const wasHealthy = before === undefined || !isOut(before);
  const isHealthy = !isOut(now);
  if (wasHealthy === isHealthy) return [];
  return isHealthy
    ? [{ kind: 'recovered', text: `${what} works again` }]
    : [{ kind: 'outage', text: `${what} fails: ${now.detail}` }];
}

function isOut({ state }: Status): boolean {
  return state === 'retrying' || state === 'misconfigured';
}

function shards(count: number): string {
  return count === 1 ? 'one shard' : `${count} shards`;
}
