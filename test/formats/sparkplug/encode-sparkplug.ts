import protobuf from 'protobufjs/minimal.js';

export interface TestProperty {
  readonly key: string;
  readonly type: number;
  readonly isNull?: boolean;
  readonly int?: number;
  readonly double?: number;
  readonly string?: string;
}

export interface TestMetric {
  readonly name?: string;
  readonly alias?: number | bigint;
  readonly timestamp?: number;
  readonly datatype?: number;
  readonly isHistorical?: boolean;
  readonly isTransient?: boolean;
  readonly isNull?: boolean;
  readonly properties?: readonly TestProperty[];
  readonly int?: number;
  readonly long?: bigint;
  readonly float?: number;
  readonly double?: number;
  readonly boolean?: boolean;
  readonly string?: string | Buffer;
  readonly bytes?: Buffer;
  /** An empty message. */
  readonly dataset?: true;
  readonly template?: true;
}

export interface TestPayload {
  readonly timestamp?: number;
  readonly seq?: number;
  readonly metrics?: readonly TestMetric[];
  readonly uuid?: string;
}

/** Encodes a payload of Sparkplug B by the field numbers of its schema. */
export function encodeSparkplug({ timestamp, seq, metrics = [], uuid }: TestPayload): Buffer {
  const writer = protobuf.Writer.create();
  if (timestamp !== undefined) writer.uint32(8).uint64(timestamp);
  for (const metric of metrics) writer.uint32(18).bytes(encodeMetric(metric));
  if (seq !== undefined) writer.uint32(24).uint64(seq);
  if (uuid !== undefined) writer.uint32(34).string(uuid);
  return Buffer.from(writer.finish());
}

function encodeMetric(metric: TestMetric): Uint8Array {
  const writer = protobuf.Writer.create();
  if (metric.name !== undefined) writer.uint32(10).string(metric.name);
  if (metric.alias !== undefined) writer.uint32(16).uint64(String(metric.alias));
  if (metric.timestamp !== undefined) writer.uint32(24).uint64(metric.timestamp);
  if (metric.datatype !== undefined) writer.uint32(32).uint32(metric.datatype);
  if (metric.isHistorical !== undefined) writer.uint32(40).bool(metric.isHistorical);
  if (metric.isTransient !== undefined) writer.uint32(48).bool(metric.isTransient);
  if (metric.isNull !== undefined) writer.uint32(56).bool(metric.isNull);
  if (metric.properties !== undefined) writer.uint32(74).bytes(encodeProperties(metric.properties));
  if (metric.int !== undefined) writer.uint32(80).uint32(metric.int);
  if (metric.long !== undefined) writer.uint32(88).uint64(String(BigInt.asUintN(64, metric.long)));
  if (metric.float !== undefined) writer.uint32(101).float(metric.float);
  if (metric.double !== undefined) writer.uint32(105).double(metric.double);
  if (metric.boolean !== undefined) writer.uint32(112).bool(metric.boolean);
  if (metric.string !== undefined) writer.uint32(122).bytes(Buffer.from(metric.string as string));
  if (metric.bytes !== undefined) writer.uint32(130).bytes(metric.bytes);
  if (metric.dataset === true) writer.uint32(138).uint32(0);
  if (metric.template === true) writer.uint32(146).uint32(0);
  return writer.finish();
}

function encodeProperties(properties: readonly TestProperty[]): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const { key } of properties) writer.uint32(10).string(key);
  for (const { type, isNull, int, double, string } of properties) {
    const value = protobuf.Writer.create().uint32(8).uint32(type);
    if (isNull !== undefined) value.uint32(16).bool(isNull);
    if (int !== undefined) value.uint32(24).uint32(int);
    if (double !== undefined) value.uint32(49).double(double);
    if (string !== undefined) value.uint32(66).string(string);
    writer.uint32(18).bytes(value.finish());
  }
  return writer.finish();
}
