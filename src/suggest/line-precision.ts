import { guessEpochUnit } from '../rules/epoch.js';
import type { SampleMessage } from './sample-message.js';

const TIME_AT_END = / (-?\d{1,19})\s*$/;

/** The unit of the timestamps in line protocol, by their size; ns where there are none. */
export function linePrecision(messages: readonly SampleMessage[]): 'ns' | 'us' | 'ms' | 's' {
  for (const { payload } of messages) {
    const [first = ''] = payload.toString('utf8').trim().split('\n');
    const [, time] = TIME_AT_END.exec(first) ?? [];
    if (time !== undefined) return guessEpochUnit(Number(time));
  }
  return 'ns';
}
