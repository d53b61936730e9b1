const NAMESPACE = 'spBv1.0';

/** What a node or device sends, and what is sent to it. */
export const SPARKPLUG_TYPES = [
  'NBIRTH',
  'DBIRTH',
  'NDATA',
  'DDATA',
  'NDEATH',
  'DDEATH',
  'NCMD',
  'DCMD',
] as const;
export type SparkplugType = (typeof SPARKPLUG_TYPES)[number];

export type SparkplugTopic =
  | {
      readonly type: SparkplugType;
      readonly group: string;
      readonly node: string;
      /** Of the types that begin with D, and of no other. */
      readonly device?: string;
    }
  | { readonly type: 'STATE'; readonly host: string };

/** Whether a topic belongs to Sparkplug B, without a prefix. */
export function isSparkplugTopic(topic: string): boolean {
  return topic.startsWith(`${NAMESPACE}/`);
}

/** `spBv1.0/<group>/<type>/<node>[/<device>]` or `spBv1.0/STATE/<host>`; a bridge may have put levels before it. */
export function parseSparkplugTopic(topic: string): SparkplugTopic | undefined {
  const levels = topic.split('/');
  const [group, type, node, device, ...more] = levels.slice(levels.indexOf(NAMESPACE) + 1);
  if (!levels.includes(NAMESPACE) || group === undefined || type === undefined || more.length > 0) {
    return undefined;
  }
  if (group === 'STATE') return node === undefined ? { type: 'STATE', host: type } : undefined;
  const known = SPARKPLUG_TYPES.find((one) => one === type);
  if (known === undefined || node === undefined || known.startsWith('D') !== (device !== undefined)) {
    return undefined;
  }
  return { type: known, group, node, ...(device !== undefined && { device }) };
}
