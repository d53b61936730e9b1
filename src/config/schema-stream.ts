import {
  duration,
  httpUrl,
  oneOf,
  onOrOff,
  powerOfTwo,
  section,
  size,
  startPoint,
  text,
  wholeNumber,
} from './setting.js';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

const log = section(
  {
    directory: text({
      type: 'path that ends in /log',
      says: 'Folder of the segments; the folder around it is the data directory, which holds the rest too.',
    }).prefault('./data/log'),
    maxSize: size({ min: MiB, says: 'All segments together.' }).prefault('4GiB'),
    segmentSize: size({ min: 64 * 1_024, max: 4 * GiB, says: 'A segment is closed at this size.' }).prefault(
      '64MiB',
    ),
    whenFull: oneOf(['block', 'drop-oldest'], {
      says: 'At `maxSize`: withhold PUBACKs and shed QoS 0 until there is room, or drop the oldest segment and count its records as lost.',
    }).prefault('block'),
  },
  { says: 'The durable log.' },
);

/** Names of streams, applications and tables: what Kinesis and DynamoDB take in common. */
const awsName = { type: 'name of 1 to 128 letters, digits, _ . -', pattern: /^[A-Za-z0-9_.-]{1,128}$/ };

const leases = section(
  {
    table: text({
      ...awsName,
      unset: 'the application',
      says: 'DynamoDB table; made when it is missing.',
    }).optional(),
    endpoint: httpUrl({ unset: 'the one of AWS', says: 'Only for a local DynamoDB.' }).optional(),
    worker: text({
      unset: 'host name and a random part, kept in the data directory',
      says: 'Name of this consumer among those that share the stream; no two may have the same.',
    }).optional(),
    failover: duration({
      min: 500,
      max: 600_000,
      says: 'The shards of a consumer that has not been heard of for so long are taken by others.',
    }).prefault('10s'),
    maxShards: wholeNumber({
      min: 1,
      max: 100_000,
      unset: 'no limit',
      says: 'Shards this consumer holds at most.',
    }).optional(),
  },
  { says: 'Sharing the shards, with `checkpoints: dynamodb`.' },
);

const kinesis = section(
  {
    name: text({ ...awsName, says: 'Name of the stream.' }).prefault('telemetry'),
    region: text({ unset: 'as the AWS SDK finds it', says: 'AWS region, such as eu-west-1.' }).optional(),
    endpoint: httpUrl({ unset: 'the one of AWS', says: 'Only for a local Kinesis.' }).optional(),
    gateway: text({
      unset: 'the host name',
      says: 'Name of this gateway, the `source` of its CloudEvents; no two gateways of a stream may have the same.',
    }).optional(),
    format: oneOf(['cloudevents', 'raw'], {
      says: 'What is stored of a record: a CloudEvent in JSON with topic, client and receive time, or the bare payload.',
    }).prefault('cloudevents'),
    partitionKey: oneOf(['device', 'client', 'topic'], {
      says: 'What keeps its order and places a record: the device (last topic level but one, else the client id), the client id, or the topic.',
    }).prefault('device'),
    aggregation: onOrOff({
      says: 'Put many records into one Kinesis record, as the KPL does; `off` sends each by itself.',
    }).prefault('on'),
    aggregateSize: size({
      min: 1_024,
      max: 10 * MiB,
      says: 'Size of a full aggregate with its partition key; Kinesis bills each begun 25 kB.',
    }).prefault('25kB'),
    buckets: powerOfTwo({
      max: 65_536,
      says: 'Devices are spread over so many aggregates; at least 8 times the shards. Another number moves devices to other shards.',
    }).prefault(64),
    linger: duration({
      max: 60_000,
      says: 'How long an aggregate that is not full waits for more records.',
    }).prefault('500ms'),
    maxRecordSize: size({
      min: 1_024,
      max: 10 * MiB,
      says: 'Larger records are parked. Over 1MiB only after the stream was set to take it.',
    }).prefault('1MiB'),
    maxInFlightBytes: size({
      min: MiB,
      max: 4 * GiB,
      says: 'Records read from the log and not yet in Kinesis, together.',
    }).prefault('32MiB'),
    application: text({
      ...awsName,
      says: 'Name under which this consumer remembers its place; applications do not disturb each other.',
    }).prefault('sluice'),
    start: startPoint({
      says: 'Where an application begins that has never read the stream: its oldest record, what comes from now on, or a time.',
    }).prefault('TRIM_HORIZON'),
    checkpoints: oneOf(['file', 'dynamodb'], {
      says: 'Where the place is kept: in the data directory, for a single consumer, or in a table that several share.',
    }).prefault('file'),
    reads: oneOf(['polling', 'enhanced-fan-out'], {
      says: 'Ask each shard, or register the application as a consumer that gets 2 MB/s of each shard for itself (costs extra).',
    }).prefault('polling'),
    readBuffer: size({
      min: 12 * MiB,
      max: 16 * GiB,
      says: 'Fetched and not yet written, of all shards together.',
    }).prefault('64MiB'),
    shardSync: duration({
      min: 1_000,
      max: 3_600_000,
      says: 'How often the list of shards is read.',
    }).prefault('60s'),
    leases: leases.prefault({}),
  },
  { says: 'Amazon Kinesis, with `mode: kinesis`.' },
);

export const stream = section(
  {
    mode: oneOf(['direct', 'kinesis'], {
      says: 'How records get from the broker to the consumer: straight from the log, or through Amazon Kinesis.',
    }).prefault('direct'),
    log: log.prefault({}),
    kinesis: kinesis.prefault({}),
  },
  { says: 'Between broker and consumer.' },
);
