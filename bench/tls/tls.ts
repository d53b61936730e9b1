import { type AckRun, ackRun, type Cell } from '../ack/ack-run.js';
import { type Broker, startMosquittoWithTls, startSluiceBroker } from '../ack/broker.js';
import { type BenchOptions, sizeOf } from '../options.js';
import { LoadClient } from '../processes/load-client.js';
import { numberText, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import { makeBenchCertificate } from './bench-certificate.js';

const CELLS: readonly Cell[] = [
  { qos: 1, connections: 20, window: 100 },
  { qos: 1, connections: 200, window: 20 },
];
const WARM_UP_MESSAGES = 50_000;

interface Measured {
  readonly title: string;
  readonly broker: Broker;
}

/** Acknowledgements a second over TLS, beside those without and those of Mosquitto with TLS, in turns. */
export async function tls(options: BenchOptions): Promise<PartReport> {
  const { messages, repeat } = sizeOf(options, 100_000, 8_000);
  const certificate = makeBenchCertificate(options.directory);
  const client = new LoadClient();
  const measured: Measured[] = [];
  try {
    measured.push({ title: 'Sluice', broker: await startSluiceBroker(options.directory) });
    measured.push({ title: 'Sluice, TLS', broker: await startSluiceBroker(options.directory, certificate) });
    const mosquitto = await startMosquittoWithTls(certificate);
    if (mosquitto !== undefined) measured.push({ title: 'Mosquitto, TLS', broker: mosquitto });
    for (const { broker } of measured) {
      await ackRun(broker, client, CELLS[0]!, Math.min(messages, WARM_UP_MESSAGES));
    }
    const rows: string[][] = [];
    const figures: object[] = [];
    for (const cell of CELLS) {
      const runs = await runsOf(cell, measured, client, messages, repeat);
      for (const [index, { title }] of measured.entries()) {
        figures.push({ ...cell, title, runs: runs[index] });
        rows.push(row(cell, title, runs[index]!, runs[1]!));
      }
    }
    return {
      title: 'tls: acknowledged messages a second over TLS',
      notes: [
        `${numberText(messages)} messages of about 100 bytes a run, ${repeat} run(s) a figure, brokers in turns on one client process`,
        'TLS 1.3 with a certificate on P-256; the clock runs from the first message, all connections standing.',
        'Sluice: acknowledged means on disk. Mosquitto: in memory (persistence off), with TCP_NODELAY.',
        ...(mosquitto === undefined ? ['Mosquitto is not installed: nothing to compare with.'] : []),
      ],
      heads: [
        'QoS x connections (window)',
        'broker',
        'msg/s',
        'Sluice, TLS over it',
        'p50 ms',
        'p99 ms',
        'broker CPU',
        'client CPU',
      ],
      rows,
      figures: { messages, repeat, cells: figures },
    };
  } finally {
    for (const { broker } of measured) await broker.stop();
    await client.close();
    certificate.remove();
  }
}

/** By broker, in the order of `measured`. */
async function runsOf(
  cell: Cell,
  measured: readonly Measured[],
  client: LoadClient,
  messages: number,
  repeat: number,
): Promise<AckRun[][]> {
  const runs: AckRun[][] = measured.map(() => []);
  for (let round = 0; round < repeat; round += 1) {
    const indexes = measured.map((_, index) => index);
    // Who comes first changes from round to round: a machine that slows down slows all.
    for (const index of round % 2 === 0 ? indexes : indexes.reverse()) {
      runs[index]!.push(await ackRun(measured[index]!.broker, client, cell, messages));
    }
  }
  return runs;
}

function row(
  { qos, connections, window }: Cell,
  title: string,
  runs: readonly AckRun[],
  overTls: readonly AckRun[],
): string[] {
  const median = (figure: (run: AckRun) => number) => numberText(spreadOf(runs.map(figure)).median, 1);
  const ratios = runs.map(({ perSecond }, round) => overTls[round]!.perSecond / perSecond);
  return [
    `QoS ${qos} x ${connections} (${window})`,
    title,
    spreadText(spreadOf(runs.map(({ perSecond }) => perSecond))),
    runs === overTls ? '-' : spreadText(spreadOf(ratios), 2),
    median(({ p50Ms }) => p50Ms),
    median(({ p99Ms }) => p99Ms),
    median(({ brokerCpuUsPerMessage }) => brokerCpuUsPerMessage),
    median(({ clientCpuUsPerMessage }) => clientCpuUsPerMessage),
  ];
}
