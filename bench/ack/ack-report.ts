import { numberText, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import type { CellFigures } from './ack.js';
import type { AckRun } from './ack-run.js';
import type { BrokerName } from './broker.js';

const TITLES: Readonly<Record<BrokerName, string>> = {
  sluice: 'Sluice',
  against: 'Sluice, other checkout',
  mosquitto: 'Mosquitto as shipped',
  mosquittoNoDelay: 'Mosquitto + TCP_NODELAY',
};

/** One row a broker in each cell, so that what is compared stands one below the other. */
export function ackReport(
  figures: readonly CellFigures[],
  { messages, repeat }: { messages: number; repeat: number },
  brokers: readonly BrokerName[],
): PartReport {
  return {
    title: 'ack: acknowledged messages a second',
    notes: [
      `${numberText(messages)} messages of about 100 bytes a run, ${repeat} run(s) a figure, brokers in turns on one client process`,
      'The clock runs from the first message, all connections standing, to the last acknowledgement.',
      'Sluice: acknowledged means on disk (fdatasync). Its one rule has `where: "false"`: records are stored, read',
      '  back, decoded and filtered while the acknowledgements are counted; no store is written.',
      ...(brokers.includes('mosquitto')
        ? [
            'Mosquitto: acknowledged means in memory (persistence off); anonymous on loopback, default queue limits.',
            '  As shipped its PUBACKs wait for the delayed TCP acknowledgement of a client that waits for them;',
            '  TCP_NODELAY ends that. Ratio: Sluice over it, median of the rounds.',
          ]
        : ['Mosquitto is not installed: nothing to compare with.']),
      'QoS 0 has no acknowledgement: measured until one QoS 1 message behind the last of each connection is answered;',
      '  what Sluice shed is not counted as taken. Latency is that of a full window, waiting in line included.',
      'CPU: microseconds a message, of the broker (Sluice: reading back, decoding and filtering included) and the client.',
    ],
    heads: [
      'QoS x connections (window)',
      'broker',
      'msg/s',
      'Sluice ratio',
      'p50 ms',
      'p99 ms',
      'broker CPU',
      'client CPU',
      'shed',
    ],
    rows: figures.flatMap((cell) =>
      brokers.filter((broker) => cell.runs[broker] !== undefined).map((broker) => row(cell, broker)),
    ),
    figures: { messages, repeat, cells: figures },
  };
}

function row({ qos, connections, window, runs, ratios }: CellFigures, broker: BrokerName): string[] {
  const own = runs[broker] ?? [];
  const ratio = ratios[broker];
  const median = (figure: (run: AckRun) => number) => spreadOf(own.map(figure)).median;
  const latency = (figure: (run: AckRun) => number) => (qos === 0 ? '-' : numberText(median(figure), 1));
  return [
    `QoS ${qos} x ${connections} (${window})`,
    TITLES[broker],
    spreadText(spreadOf(own.map(({ perSecond }) => perSecond))),
    ratio === undefined ? '-' : spreadText(ratio, 2),
    latency(({ p50Ms }) => p50Ms),
    latency(({ p99Ms }) => p99Ms),
    numberText(
      median((run) => run.brokerCpuUsPerMessage),
      1,
    ),
    numberText(
      median((run) => run.clientCpuUsPerMessage),
      1,
    ),
    numberText(own.reduce((sum, { shed }) => sum + shed, 0)),
  ];
}
