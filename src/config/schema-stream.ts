import {
  duration,
  httpUrl,
  oneOf,
  onOrOff,
  powerOfTwo,
  size,
  startPoint,
  text,
  wholeNumber,
} from './setting.js';
import { section } from './structured-setting.js';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

const log = section(
  {
    directory: text({
      type: 'path that ends in /log',
      description:
        'Folder of the segments; its parent folder is the data directory, which also contains checkpoints and parked records.',
    }).prefault('./data/log'),
    maxSize: size({ min: MiB, description: 'Size limit of all segments together.' }).prefault('4GiB'),
    segmentSize: size({
      min: 64 * 1_024,
      max: 4 * GiB,
      description: 'Size at which a segment is closed.',
    }).prefault('64MiB'),
    whenFull: oneOf(['block', 'drop-oldest'], {
      description:
        'Behaviour at `maxSize`: `block` withholds PUBACKs and sheds QoS 0 until there is room, `drop-oldest` drops the oldest segment and counts its records as lost.',
    }).prefault('block'),
  },
  { description: 'The durable log.' },
);

/** Names of streams, applications and tables: both Kinesis and DynamoDB accept them. */
const awsName = { type: 'name of 1 to 128 letters, digits, _ . -', pattern: /^[A-Za-z0-9_.-]{1,128}$/ };

const leases = section(
  {
    table: text({
      ...awsName,
      unset: 'the application',
      description: 'Name of the DynamoDB table; it is created when it is missing.',
    }).optional(),
    endpoint: httpUrl({
      unset: 'the one of AWS',
      description: 'Address of DynamoDB, needed only for a local one.',
    }).optional(),
    worker: text({
      unset: 'host name and a random part, kept in the data directory',
      description: 'Name of this consumer; each consumer of the stream needs its own name.',
    }).optional(),
    failover: duration({
      min: 500,
      max: 600_000,
      description:
        'Time after which other consumers take over the shards of a consumer that no longer renews its leases.',
    }).prefault('10s'),
    maxShards: wholeNumber({
      min: 1,
      max: 100_000,
      unset: 'no limit',
      description: 'Limit of shards that this consumer reads.',
    }).optional(),
  },
  { description: 'Settings for sharing the shards, with `checkpoints: dynamodb`.' },
);

const kinesis = section(
  {
    name: text({ ...awsName, description: 'Name of the stream.' }).prefault('telemetry'),
    region: text({
      unset: 'as the AWS SDK finds it',
      description: 'AWS region, such as eu-west-1.',
    }).optional(),
    endpoint: httpUrl({
      unset: 'the one of AWS',
      description: 'Address of Kinesis, needed only for a local one.',
    }).optional(),
    gateway: text({
      unset: 'the host name',
      description:
        'Name of this gateway, used as the `source` of its CloudEvents; each gateway of a stream needs its own name.',
    }).optional(),
    format: oneOf(['cloudevents', 'raw'], {
      description:
        'Format of a record in the stream: a CloudEvent in JSON with topic, client and receive time, or the bare payload.',
    }).prefault('cloudevents'),
    partitionKey: oneOf(['device', 'client', 'topic'], {
      description:
        'Key that selects the shard; records with the same key keep their order: the device (the last topic level but one, else the client id), the client id, or the topic.',
    }).prefault('device'),
    aggregation: onOrOff({
      description:
        'Puts many records into one Kinesis record, as the KPL does; `off` sends each record separately.',
    }).prefault('on'),
    aggregateSize: size({
      min: 1_024,
      max: 10 * MiB,
      description: 'Size of a full aggregate with its partition key; Kinesis bills in units of 25 kB.',
    }).prefault('25kB'),
    buckets: powerOfTwo({
      max: 65_536,
      description:
        'Number of aggregates that devices are distributed over; use at least 8 times the number of shards. Changing it moves devices to other shards.',
    }).prefault(64),
    linger: duration({
      max: 60_000,
      description: 'Time that an aggregate waits for more records when it is not full.',
    }).prefault('500ms'),
    maxRecordSize: size({
      min: 1_024,
      max: 10 * MiB,
      description:
        'Size limit of a record; a larger one is parked. Raise it above 1MiB only after the limit of the stream.',
    }).prefault('1MiB'),
    maxInFlightBytes: size({
      min: MiB,
      max: 4 * GiB,
      description: 'Size limit of all records that have been read from the log and are not yet in Kinesis.',
    }).prefault('32MiB'),
    application: text({
      ...awsName,
      description: 'Name under which the consumer saves its position; each application has its own position.',
    }).prefault('sluice'),
    start: startPoint({
      description:
        'Where a new application begins to read: at the oldest record, at new records, or at a time.',
    }).prefault('TRIM_HORIZON'),
    checkpoints: oneOf(['file', 'dynamodb'], {
      description:
        'Where the position is saved: in the data directory, for a single consumer, or in a table that several consumers share.',
    }).prefault('file'),
    reads: oneOf(['polling', 'enhanced-fan-out'], {
      description:
        'How shards are read: by polling, or as a registered consumer with its own 2 MB/s of each shard (at extra cost).',
    }).prefault('polling'),
    readBuffer: size({
      min: 12 * MiB,
      max: 16 * GiB,
      description: 'Size limit of records of all shards that have been fetched and are not yet written.',
    }).prefault('64MiB'),
    shardSync: duration({
      min: 1_000,
      max: 3_600_000,
      description: 'Interval at which the list of shards is read.',
    }).prefault('60s'),
    leases: leases.prefault({}),
  },
  { description: 'Settings of Amazon Kinesis, used with `mode: kinesis`.' },
);

export const stream = section(
  {
    mode: oneOf(['direct', 'kinesis'], {
      description:
        'How records get from the broker to the consumer: directly from the log, or through Amazon Kinesis.',
    }).prefault('direct'),
    log: log.prefault({}),
    kinesis: kinesis.prefault({}),
  },
  { description: 'The stream between broker and consumer.' },
);
