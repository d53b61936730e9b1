import { numberText, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import type { AccessFigures } from './ack-access.js';
import type { AckRun } from './ack-run.js';

export function ackAccessReport(
  figures: readonly AccessFigures[],
  { messages, repeat }: { readonly messages: number; readonly repeat: number },
): PartReport {
  return {
    title: 'ack-access: acknowledged messages a second, with users and permissions beside without',
    notes: [
      `${numberText(messages)} messages of about 100 bytes a run, ${repeat} run(s) a figure, two gateways in turns on one client process`,
      'With users: each connection has a user with a token, and a role that binds its client id and its topic to it.',
      'The clock runs from the first message, all connections signed in, to the last acknowledgement.',
    ],
    heads: [
      'QoS x connections (window)',
      'access',
      'msg/s',
      'ratio',
      'p50 ms',
      'p99 ms',
      'broker CPU',
      'shed',
    ],
    rows: figures.flatMap((cell) => [
      row(cell, 'none', cell.open, '-'),
      row(cell, 'users and permissions', cell.withUsers, spreadText(cell.ratio, 2)),
    ]),
    figures: { messages, repeat, cells: figures },
  };
}

function row(
  { qos, connections, window }: AccessFigures,
  access: string,
  runs: readonly AckRun[],
  ratio: string,
): string[] {
  const median = (figure: (run: AckRun) => number) => numberText(spreadOf(runs.map(figure)).median, 1);
  return [
    `QoS ${qos} x ${connections} (${window})`,
    access,
    spreadText(spreadOf(runs.map(({ perSecond }) => perSecond))),
    ratio,
    qos === 0 ? '-' : median(({ p50Ms }) => p50Ms),
    qos === 0 ? '-' : median(({ p99Ms }) => p99Ms),
    median(({ brokerCpuUsPerMessage }) => brokerCpuUsPerMessage),
    numberText(runs.reduce((sum, { shed }) => sum + shed, 0)),
  ];
}
