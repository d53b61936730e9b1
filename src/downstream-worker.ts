import { parentPort, workerData } from 'node:worker_threads';
import { Downstream } from './downstream.js';
import type { DownstreamStart, FromDownstream, PlainFailure, ToDownstream } from './downstream-protocol.js';
import { errorText, SluiceError } from './errors.js';
import { DurableEndReader } from './stream/log/durable-end.js';

/** Entry of the worker thread: `Downstream` behind a message port. */

/** How often the main thread hears of a sink that is stuck and so settles nothing. */
const REPORT_INTERVAL_MS = 500;

const port = parentPort!;
const { options, durableMemory } = workerData as DownstreamStart;
const tell = (fact: FromDownstream) => port.postMessage(fact);

function plain(thrown: unknown): PlainFailure {
  return thrown instanceof SluiceError
    ? { code: thrown.code, message: thrown.message }
    : {
        code: 'WORKER_FAILED',
        message: thrown instanceof Error ? (thrown.stack ?? thrown.message) : errorText(thrown),
      };
}

async function work(): Promise<void> {
  const durableEnd = new DurableEndReader(durableMemory);
  const downstream = await Downstream.open(options, durableEnd, {
    onSettled: () => tell({ kind: 'report', report: downstream.report() }),
    onCheckpoint: (position) => tell({ kind: 'checkpoint', position }),
    warn: (fields, sentence) => tell({ kind: 'warn', fields, sentence }),
  });
  port.on('message', (order: ToDownstream) => {
    switch (order.kind) {
      case 'wake':
        durableEnd.woken();
        break;
      case 'drain': {
        // A store that does not answer now will hardly do so before the deadline: what is buffered keeps.
        const isStuck = downstream.report().sink.status.state !== 'healthy';
        downstream.drain();
        setTimeout(() => downstream.abort(), isStuck ? 0 : order.deadlineMs).unref();
        break;
      }
      case 'ask':
        downstream
          .ask(order.request)
          .then((answer) => tell({ kind: 'answer', id: order.id, answer }))
          .catch((thrown: unknown) => tell({ kind: 'refusal', id: order.id, failure: plain(thrown) }));
        break;
    }
  });
  const reporting = setInterval(
    () => tell({ kind: 'report', report: downstream.report() }),
    REPORT_INTERVAL_MS,
  );
  tell({ kind: 'report', report: downstream.report() });
  tell({ kind: 'ready' });
  try {
    await downstream.run();
    tell({ kind: 'report', report: downstream.report() });
  } finally {
    clearInterval(reporting);
  }
}

try {
  await work();
  tell({ kind: 'stopped' });
} catch (thrown) {
  tell({ kind: 'failed', failure: plain(thrown) });
}
port.close();
