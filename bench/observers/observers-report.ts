import { numberText, spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import type { ObservedRun, ObserverFigures } from './observers.js';

const TITLES: Readonly<Partial<Record<string, string>>> = {
  sluice: 'Sluice',
  mosquittoNoDelay: 'Mosquitto + TCP_NODELAY',
};

export function observersReport(
  figures: readonly ObserverFigures[],
  { messages, repeat }: { readonly messages: number; readonly repeat: number },
): PartReport {
  return {
    title: 'observers: what a subscriber of everything costs those who publish',
    notes: [
      `${numberText(messages)} messages of about 100 bytes a run over 20 connections, ${repeat} run(s) a figure, each beside one without an observer;`,
      '  the observer subscribes to # from a process of its own, counts, and acknowledges QoS 1; a stuck one never reads',
      'Rates are those of the publishers: Sluice acknowledges what is on disk, Mosquitto what is in memory.',
      'Delivered: messages that the observer got, of all that were published (at QoS 0 those behind each connection, which end the run, included).',
      'The observer needs a part of the same cores: a broker without any cost for it would be slowed by that.',
      ...(figures.some(({ broker }) => broker !== 'sluice')
        ? []
        : ['Mosquitto is not installed: nothing to compare with.']),
    ],
    heads: [
      'published',
      'observer',
      'broker',
      'msg/s without',
      'msg/s with it',
      'ratio',
      'delivered',
      'broker CPU us',
    ],
    rows: figures.map(row),
    figures: { messages, repeat, cells: figures },
  };
}

function row({ broker, cell, observer, without, having }: ObserverFigures): string[] {
  const perSecond = (runs: readonly ObservedRun[]) => spreadOf(runs.map((run) => run.perSecond));
  const ratio = spreadOf(having.map((run, round) => run.perSecond / without[round]!.perSecond));
  const delivered = having.reduce((sum, { observed }) => sum + (observed?.messages ?? 0), 0) / having.length;
  const closed = having.filter(({ observed }) => observed?.isClosed === true).length;
  return [
    `QoS ${cell.qos} x ${cell.connections} (${cell.window})`,
    observer.title,
    TITLES[broker] ?? broker,
    spreadText(perSecond(without)),
    spreadText(perSecond(having)),
    spreadText(ratio, 2),
    `${numberText(delivered)}${closed === 0 ? '' : ` (closed ${closed} times)`}`,
    numberText(spreadOf(having.map((run) => run.brokerCpuUsPerMessage)).median, 1),
  ];
}
