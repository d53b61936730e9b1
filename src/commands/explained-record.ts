import { oneLine } from '../lib/printable.js';
import { propertyLines, type ShownProperties, shownProperties } from '../lib/properties-json.js';
import { type PublishRefusal, publishRefusal } from '../lib/publish-refusal.js';
import { isoTime } from '../rules/epoch.js';
import type { ExplanationJson } from '../rules/explain-record.js';
import { formatExplanation, labelled } from '../rules/format-explanation.js';
import { payloadText } from '../rules/payload-text.js';
import type { StreamRecord } from '../stream/stream.js';

/** A record with what the broker and the rules make of it. */
export interface Explained {
  readonly record: StreamRecord;
  readonly explanation: ExplanationJson;
  readonly maxPacketBytes: number;
  /** Whether a topic that begins with `$` and has this first level may be published. */
  readonly isNamed: (firstLevel: string) => boolean;
}

/** What the broker does with a message: the reason is that of docs/runbook.md, "Clients refused", or the code of the parked record. */
type BrokerAnswer = { readonly accepted: true } | ({ readonly accepted: false } & PublishRefusal);

/** One record as JSON, with what the command line says of it beside the explanation. */
export function explainedJson(explained: Explained): object {
  const { topic, ...rest } = explained.explanation;
  return { topic, broker: brokerAnswer(explained), ...rest };
}

/** The same for one of many records, which also says which one it is. */
export function listedJson(explained: Explained): object {
  const { clientId, user, qos, receivedAtNs, payload, properties } = explained.record;
  const { topic, ...rest } = explainedJson(explained) as { readonly topic: string };
  return {
    topic,
    clientId,
    user,
    qos,
    receivedAt: isoTime(receivedAtNs),
    properties: properties && shownProperties(properties),
    payload: payloadText(payload),
    ...rest,
  };
}

/** One record as text, without a line feed at the end. */
export function explainedText(explained: Explained, extra: readonly string[] = []): string {
  const { record, explanation } = explained;
  const broker = brokerAnswer(explained);
  const about = [
    ...(record.user ? [labelled('user', oneLine(record.user))] : []),
    ...propertyTexts(record.properties && shownProperties(record.properties)),
    ...extra,
  ];
  if (broker.accepted) return formatExplanation(explanation, [...about, labelled('broker', 'takes it')]);
  // What no rule sees is not mapped: the rules would only distract.
  const refusal = labelled('broker', `${OUTCOMES[broker.outcome]}: ${broker.reason}, ${broker.detail}`);
  return [labelled('topic', oneLine(record.topic)), ...about, refusal].join('\n');
}

/** What the publisher says of the message, a line for each property. */
export function propertyTexts(properties: ShownProperties | undefined): string[] {
  if (properties === undefined) return [];
  return propertyLines(properties).map((line, index) =>
    labelled(index === 0 ? 'says' : '', `properties.${oneLine(line)}`),
  );
}

/** The same for one of many records. */
export function listedText(explained: Explained): string {
  return explainedText(explained, [labelled('payload', payloadText(explained.record.payload))]);
}

const OUTCOMES = {
  closed: 'refuses it and closes the connection',
  parked: 'acknowledges it and parks it',
  'not-stored': 'acknowledges it and delivers it, and does not store it',
} as const satisfies Readonly<Record<PublishRefusal['outcome'], string>>;

function brokerAnswer({ record, maxPacketBytes, isNamed }: Explained): BrokerAnswer {
  const refusal = publishRefusal(record, maxPacketBytes, isNamed);
  return refusal === undefined ? { accepted: true } : { accepted: false, ...refusal };
}
