import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Broker, startMosquittoWithTls, startSluiceBroker } from '../ack/broker.js';
import { type BenchOptions, sizeOf } from '../options.js';
import { cpuUsageOf, peakRssBytes } from '../processes/process-usage.js';
import { numberText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';
import { makeBenchCertificate } from './bench-certificate.js';
import type { ReconnectAnswer, ReconnectJob, Round } from './reconnect-job.js';

/** 5,000 devices that connect over TLS all at once, and again with the tickets of their sessions. */
export async function tlsReconnect(options: BenchOptions): Promise<PartReport> {
  const { messages: devices } = sizeOf(options, 5_000, 300);
  const certificate = makeBenchCertificate(options.directory);
  const rows: string[][] = [];
  const figures: object[] = [];
  const notes = [
    `${numberText(devices)} devices on one client process; TLS 1.3 with a certificate on P-256; each sends CONNECT at once`,
    'Seconds run from the first connection to the last CONNACK. Broker CPU: milliseconds a connection.',
  ];
  const measureNext = async (title: string, broker: Broker) => {
    try {
      const measured = await measure(broker, { port: broker.port, caFile: certificate.ca, devices });
      rows.push(...rowsOf(title, devices, measured));
      figures.push({ title, devices, ...measured });
      for (const [reason, count] of Object.entries(measured.refusals)) {
        notes.push(`${title} refused ${numberText(count)} times: ${reason}`);
      }
    } finally {
      await broker.stop();
    }
  };
  try {
    await measureNext('Sluice', await startSluiceBroker(options.directory, certificate));
    const mosquitto = await startMosquittoWithTls(certificate);
    if (mosquitto === undefined) notes.push('Mosquitto is not installed: nothing to compare with.');
    else await measureNext('Mosquitto', mosquitto);
  } finally {
    certificate.remove();
  }
  return {
    title: 'tls-reconnect: devices that connect over TLS all at once',
    notes,
    heads: [
      'broker',
      'sessions',
      'connected',
      'failed',
      'resumed',
      's',
      'p50 ms',
      'p99 ms',
      'broker CPU',
      'peak RSS MB',
    ],
    rows,
    figures,
  };
}

interface Measured {
  readonly first: Round;
  readonly again: Round;
  /** Of both rounds. */
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  readonly refusals: Readonly<Record<string, number>>;
}

async function measure(broker: Broker, job: ReconnectJob): Promise<Measured> {
  const child = fork(join(import.meta.dirname, 'reconnect-process.js'));
  try {
    const before = cpuUsageOf(broker.pid);
    const answer = await ask(child, job);
    if ('failure' in answer) throw new Error(`the devices failed: ${answer.failure}`);
    const cpuSeconds = cpuUsageOf(broker.pid).totalSeconds - before.totalSeconds;
    const refusals = (await broker.refusals?.()) ?? {};
    return { ...answer, cpuSeconds, peakRssBytes: peakRssBytes(broker.pid), refusals };
  } finally {
    child.disconnect();
    if (child.exitCode === null) await once(child, 'exit');
  }
}

function ask(child: ChildProcess, job: ReconnectJob): Promise<ReconnectAnswer> {
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('the devices ended before their answer')));
    child.once('message', (answer: ReconnectAnswer) => resolve(answer));
    child.send(job);
  });
}

function rowsOf(title: string, devices: number, measured: Measured): string[][] {
  const cpuMs = numberText((measured.cpuSeconds * 1000) / (2 * devices), 1);
  const rss = numberText(measured.peakRssBytes / 1e6);
  return (['first', 'again'] as const).map((key) => {
    const { connected, failed, resumed, durationMs, p50Ms, p99Ms } = measured[key];
    return [
      title,
      key === 'first' ? 'new' : 'with tickets',
      numberText(connected),
      numberText(failed),
      numberText(resumed),
      numberText(durationMs / 1000, 1),
      numberText(p50Ms),
      numberText(p99Ms),
      cpuMs,
      rss,
    ];
  });
}
