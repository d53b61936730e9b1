/** @import { IncidentCause } from './types.js' */

/**
 * What a cause means for messages, and what to do about it. `doctor`: whether the command for the store's side helps to
 * find out more. The last step, that it goes on automatically, is added by the page where `goesOn` is true.
 *
 * @typedef {object} Advice
 * @property {string} means
 * @property {readonly string[]} steps
 * @property {boolean} [doctor]
 * @property {boolean} [goesOn]
 */

const KEPT =
  'Devices go on as usual. Their messages are kept in the log on this disk, and are stored in order, automatically, afterwards.';
const WAITS = 'Devices are made to wait: they keep what is not received yet, and send it later.';
const STORED = 'Messages are stored as usual.';

/** @type {Readonly<Record<IncidentCause, Advice>>} */
export const ADVICE = {
  'broker-closed': {
    means: 'No device can connect. Nothing that was received is lost.',
    steps: ['Free the port of the listener, or set another one under broker.listeners, then start again.'],
  },
  'disk-full': { means: WAITS, steps: ['Free space on the disk of the data directory.'], goesOn: true },
  'records-dropped': {
    means: 'The log is full, and the configuration lets it drop its oldest messages: these are lost.',
    steps: ['Bring the store back, or raise stream.log.maxSize.'],
    doctor: true,
  },
  'log-full': {
    means: `${WAITS} Messages that ask for no receipt (QoS 0) are dropped.`,
    steps: ['Bring the store back, or raise stream.log.maxSize.'],
    doctor: true,
    goesOn: true,
  },
  'dead-letter-full': {
    means: KEPT,
    steps: ['Replay or delete what is set aside, or raise consumer.deadLetter.maxSize.'],
    goesOn: true,
  },
  'consumer-stuck': { means: KEPT, steps: ['Read the log of the gateway, then restart it.'] },
  'forwarder-stuck': { means: KEPT, steps: ['Read the log of the gateway, then restart it.'] },
  'windows-blocked': {
    means: KEPT,
    steps: ['Free space on the disk of the data directory, or repair its permissions.'],
    goesOn: true,
  },
  'store-configuration': {
    means: KEPT,
    steps: ['Do what the message of the store says: database, user, token or permission under sink.'],
    doctor: true,
    goesOn: true,
  },
  'store-held': {
    means: KEPT,
    steps: ['See why the store refuses points, and change its limits or the rules.'],
    doctor: true,
    goesOn: true,
  },
  'store-no-answer': {
    means: KEPT,
    steps: ['Start the store, or repair the way to it.'],
    doctor: true,
    goesOn: true,
  },
  'store-unavailable': {
    means: KEPT,
    steps: ['The store answers, but takes nothing now: look at its own log.'],
    doctor: true,
    goesOn: true,
  },
  'store-retention': {
    means: `${STORED} Old rows stay longer than the retention says.`,
    steps: ['Do what the message of the store says.'],
    doctor: true,
    goesOn: true,
  },
  'kinesis-send': {
    means: KEPT,
    steps: ['Repair the way to Kinesis, or add shards if it is throttled.'],
    doctor: true,
    goesOn: true,
  },
  'kinesis-read': {
    means: 'Messages stay in the stream until they are read.',
    steps: ['Repair the way to Kinesis, or the permission that the message names.'],
    doctor: true,
    goesOn: true,
  },
  'data-damaged': {
    means: 'What could be read was kept. Each damaged file is named in the log of the gateway.',
    steps: ['Look at the disk, and restore the files from a backup if they matter.'],
  },
  'stream-gap': {
    means: 'The stream no longer has messages that were not read yet.',
    steps: ['Read more often, or raise the retention of the stream.'],
  },
  'store-refuses-points': {
    means: 'The refused points are not stored. Their messages are set aside with the reason.',
    steps: ['See why the store refuses them, fix it, then replay what is set aside.'],
    doctor: true,
  },
  'open-files': {
    means: 'New devices cannot connect. Those that are connected go on.',
    steps: ['Raise the limit of open files for the gateway.'],
    goesOn: true,
  },
  'payloads-not-kept': {
    means: 'They are counted, but cannot be replayed.',
    steps: ['Find the devices that send them, or raise the limits under consumer.deadLetter.'],
  },
  'many-parked': {
    means: 'They are kept whole with their reason until they are replayed or deleted.',
    steps: ['Fix the device or the rule, then replay what is set aside.'],
  },
  'windows-failing': {
    means: STORED,
    steps: ['Do what the message says; windows are computed afterwards.'],
    goesOn: true,
  },
  'clock-implausible': {
    means: 'Messages without a time of their own get a wrong one.',
    steps: ['Set the clock of this machine, and let it be synchronised.'],
    goesOn: true,
  },
  'clock-set': {
    means: 'The receive times of messages jump there.',
    steps: ['Nothing, if somebody meant to.'],
  },
  'unclean-end': {
    means: 'Every message with a receipt is there. Devices send again what had none.',
    steps: ['Nothing, if it was a power cut or a kill.'],
  },
};
