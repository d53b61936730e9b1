import { wordsOf } from './unit-by-name.js';

// What the name of a value says about its meaning. Names are guesses, so the values decide wherever they can.

const IDENTITY = new Set(
  'id ids name device devicename sensor model type kind location loc site room floor city country serial sn mac eui deveui address addr station unit host hostname node gateway channel ch building area plant line machine group tenant version firmware fw sw label ieee imei port probe meter slave place zone vendor manufacturer'.split(
    ' ',
  ),
);
const STATE = new Set(
  'state status mode action event message text error alarm reason command cmd effect description weather condition result'.split(
    ' ',
  ),
);
const PER_MESSAGE = new Set(
  'correlation token uuid guid nonce session request trace hash signature checksum crc raw payload frm data hex msgid messageid'.split(
    ' ',
  ),
);
const COUNTER = new Set(
  'seq sequence cnt count counter fcnt msg packet pkt frame number nr no index'.split(' '),
);
const TIME = new Set('timestamp time ts datetime date epoch at seen when measured observed clock'.split(' '));
/** Times of something else than the reading. */
const OTHER_TIME = new Set(
  'start started boot since install installed uptime reset created updated expires next last_boot birth build received'.split(
    ' ',
  ),
);

const has = (name: string, words: ReadonlySet<string>) => wordsOf(name).some((word) => words.has(word));

export const isIdentityName = (name: string) => has(name, IDENTITY);
export const isStateName = (name: string) => has(name, STATE);
export const isPerMessageName = (name: string) => has(name, PER_MESSAGE);
export const isCounterName = (name: string) => has(name, COUNTER) && !has(name, TIME);

/** How much a name says that it is the time of the reading: 0 to 1. */
export function timeNameScore(name: string): number {
  if (has(name, OTHER_TIME)) return 0.1;
  if (/^(?:timestamp|time|ts|datetime|date_time|observed_?at|epoch|t)$/i.test(name)) return 1;
  return has(name, TIME) ? 0.6 : 0;
}
