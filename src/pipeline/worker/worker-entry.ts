import { parentPort, workerData } from 'node:worker_threads';
import { errorText, SluiceError } from '../../lib/errors.js';
import { onFileShortage } from '../../lib/files.js';
import { type DurableEnd, DurableEndReader } from '../../stream/log/durable-end.js';
import { HelperProcesses } from './helper-processes.js';
import type {
  FromWorker,
  Pipeline,
  PipelineHooks,
  PipelineKind,
  PlainFailure,
  ToWorker,
  WorkerStart,
} from './worker-protocol.js';

/** How often a pipeline that makes no progress is reported. */
const REPORT_INTERVAL_MS = 500;

/** How long a thread that has closed everything may go on before it is ended. */
const END_GRACE_MS = 100;

type AnyPipeline = Pipeline<unknown, unknown, unknown>;
type OpenPipeline = (options: unknown, durableEnd: DurableEnd, hooks: PipelineHooks) => Promise<AnyPipeline>;

await runWorker(workerData as WorkerStart);

/** Runs a worker thread from start to end: opens the pipeline, runs it behind the message port, and reports a failure. */
async function runWorker({ pipeline: kind, options, durableMemory }: WorkerStart): Promise<void> {
  const port = parentPort!;
  const helpers = new HelperProcesses();
  const send = (message: FromWorker<unknown, unknown>) => port.postMessage(message);
  onFileShortage((fields, sentence) => send({ kind: 'warn', fields, sentence }));
  try {
    const durableEnd = new DurableEndReader(durableMemory);
    let pipeline: AnyPipeline | undefined;
    let isStopping = false;
    port.on('message', (order: ToWorker<unknown>) => {
      if (pipeline !== undefined) carryOut(order, pipeline, durableEnd, send);
      // Only an order to stop comes so early: the process was asked to while it starts.
      else if (order.kind === 'drain') isStopping = true;
    });
    const report = () => {
      if (pipeline !== undefined) send({ kind: 'report', report: pipeline.report() });
    };
    const open = await pipelineOpener(kind);
    pipeline = await open(options, durableEnd, {
      onProgress: report,
      onContact: () => send({ kind: 'contacted' }),
      onCheckpoint: (position) => send({ kind: 'checkpoint', position }),
      warn: (fields, sentence) => send({ kind: 'warn', fields, sentence }),
    });
    if (isStopping) pipeline.abort();
    send({ kind: 'ready', report: pipeline.report() });
    const reporting = setInterval(report, REPORT_INTERVAL_MS);
    try {
      await pipeline.run();
      report();
    } finally {
      clearInterval(reporting);
    }
  } catch (thrown) {
    send({ kind: 'failed', failure: plain(thrown) });
  }
  port.close();
  // At the very end: a library whose helper process is killed before that starts it again.
  process.once('exit', () => helpers.end());
  // Nothing that a library has left open may keep the thread alive.
  setTimeout(() => process.exit(), END_GRACE_MS).unref();
}

/** Imported only when it runs: a worker that forwards must not load the store's client. */
async function pipelineOpener(kind: PipelineKind): Promise<OpenPipeline> {
  switch (kind) {
    case 'consume':
      return (await import('../consume-pipeline.js')).ConsumePipeline.open as OpenPipeline;
    case 'forward':
      return (await import('../forward-pipeline.js')).ForwardPipeline.open as OpenPipeline;
  }
}

function carryOut(
  order: ToWorker<unknown>,
  pipeline: AnyPipeline,
  durableEnd: DurableEndReader,
  send: (message: FromWorker<unknown, unknown>) => void,
): void {
  switch (order.kind) {
    case 'wake':
      durableEnd.woken();
      break;
    case 'drain': {
      // A store or stream that does not answer now will hardly do so before the deadline, and what is buffered keeps.
      const isUnavailable = pipeline.isUnavailable();
      pipeline.drain();
      setTimeout(() => pipeline.abort(), isUnavailable ? 0 : order.deadlineMs).unref();
      break;
    }
    case 'ask':
      pipeline
        .ask(order.request)
        .then((answer) => send({ kind: 'answer', id: order.id, answer }))
        .catch((thrown: unknown) => send({ kind: 'rejection', id: order.id, failure: plain(thrown) }));
      break;
  }
}

function plain(thrown: unknown): PlainFailure {
  if (thrown instanceof SluiceError) return { code: thrown.code, message: thrown.message };
  const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : errorText(thrown);
  return { code: 'WORKER_FAILED', message };
}
