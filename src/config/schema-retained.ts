import { size, wholeNumber } from './setting.js';
import { section } from './structured-setting.js';

const GiB = 2 ** 30;

/** `broker.retained`: the last message of each topic that was published with the retain flag. */
export const retained = section(
  {
    maxMessages: wholeNumber({
      min: 0,
      max: 10_000_000,
      description:
        'Limit of retained messages; a message of a further topic is stored and not retained. 0: none is retained.',
    }).prefault(100_000),
    maxSize: size({
      min: 64 * 1_024,
      max: 4 * GiB,
      description:
        'Memory that retained messages may take, with their topics; on disk they take up to four times as much, and 64MiB.',
    }).prefault('64MiB'),
  },
  { description: 'Retained messages: the last one of each topic that was published with the retain flag.' },
);
