import { numberText, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import type { Ack5Figures, Column } from './ack-5.js';
import type { AckRun } from './ack-run.js';

const COLUMNS: readonly { readonly column: Column; readonly title: string }[] = [
  { column: 'version4', title: 'Sluice, MQTT 3.1.1' },
  { column: 'version5', title: 'Sluice, MQTT 5' },
  { column: 'mosquitto5', title: 'Mosquitto, MQTT 5' },
];

/** One row each in each cell, so that what is compared stands one below the other. */
export function ack5Report(
  figures: readonly Ack5Figures[],
  { messages, repeat }: { readonly messages: number; readonly repeat: number },
): PartReport {
  return {
    title: 'ack-5: acknowledged messages a second with MQTT 5',
    notes: [
      `${numberText(messages)} messages of about 100 bytes a run, ${repeat} run(s) a figure, in turns on one client process and one gateway`,
      'MQTT 5: each connection sends its topic once, with an alias, then the alias alone; no other property.',
      'Mosquitto: in memory, TCP_NODELAY, no bound of messages in flight; its receive maximum of 20 would bound the window.',
      ...(figures.some(({ runs }) => runs.mosquitto5 !== undefined)
        ? []
        : ['Mosquitto is not installed: nothing to compare with.']),
      'Ratio: Sluice with MQTT 5 over it, median of the rounds.',
    ],
    heads: [
      'QoS x connections (window)',
      'broker',
      'msg/s',
      'ratio',
      'p50 ms',
      'p99 ms',
      'broker CPU',
      'shed',
    ],
    rows: figures.flatMap((cell) =>
      COLUMNS.flatMap(({ column, title }) => {
        const runs = cell.runs[column];
        return runs === undefined ? [] : [row(cell, title, runs, column)];
      }),
    ),
    figures: { messages, repeat, cells: figures },
  };
}

function row(
  { qos, connections, window, ratios }: Ack5Figures,
  title: string,
  runs: readonly AckRun[],
  column: Column,
): string[] {
  const median = (figure: (run: AckRun) => number) => numberText(spreadOf(runs.map(figure)).median, 1);
  const ratio = column === 'version5' ? undefined : ratios[column];
  return [
    `QoS ${qos} x ${connections} (${window})`,
    title,
    spreadText(spreadOf(runs.map(({ perSecond }) => perSecond))),
    ratio === undefined ? '-' : spreadText(ratio, 2),
    qos === 0 ? '-' : median(({ p50Ms }) => p50Ms),
    qos === 0 ? '-' : median(({ p99Ms }) => p99Ms),
    median(({ brokerCpuUsPerMessage }) => brokerCpuUsPerMessage),
    numberText(runs.reduce((sum, { shed }) => sum + shed, 0)),
  ];
}
