import { parentPort, workerData } from 'node:worker_threads';
import { errorText, SluiceError } from '../errors.js';
import { DurableEndReader } from '../stream/log/durable-end.js';
import type {
  FromThread,
  PlainFailure,
  Stage,
  StageHooks,
  ThreadStart,
  ToThread,
} from './thread-protocol.js';

/** How often the main thread hears of a stage that is stuck and so settles nothing. */
const REPORT_INTERVAL_MS = 500;

export type OpenStage<Options, Report, Request, Answer> = (
  options: Options,
  durableEnd: DurableEndReader,
  hooks: StageHooks,
) => Promise<Stage<Report, Request, Answer>>;

/** The whole life of a worker thread: opens the stage, runs it behind the message port, tells how it ended. */
export async function runStage<Options, Report, Request, Answer>(
  open: OpenStage<Options, Report, Request, Answer>,
): Promise<void> {
  const port = parentPort!;
  const { options, durableMemory } = workerData as ThreadStart<Options>;
  const tell = (fact: FromThread<Report, Answer>) => port.postMessage(fact);
  try {
    const durableEnd = new DurableEndReader(durableMemory);
    let stage: Stage<Report, Request, Answer> | undefined;
    const report = () => {
      if (stage !== undefined) tell({ kind: 'report', report: stage.report() });
    };
    stage = await open(options, durableEnd, {
      onSettled: report,
      onCheckpoint: (position) => tell({ kind: 'checkpoint', position }),
      warn: (fields, sentence) => tell({ kind: 'warn', fields, sentence }),
    });
    port.on('message', (order: ToThread<Request>) => obey(order, stage, durableEnd, tell));
    const reporting = setInterval(report, REPORT_INTERVAL_MS);
    report();
    tell({ kind: 'ready' });
    try {
      await stage.run();
      report();
    } finally {
      clearInterval(reporting);
    }
    tell({ kind: 'stopped' });
  } catch (thrown) {
    tell({ kind: 'failed', failure: plain(thrown) });
  }
  port.close();
}

function obey<Report, Request, Answer>(
  order: ToThread<Request>,
  stage: Stage<Report, Request, Answer>,
  durableEnd: DurableEndReader,
  tell: (fact: FromThread<Report, Answer>) => void,
): void {
  switch (order.kind) {
    case 'wake':
      durableEnd.woken();
      break;
    case 'drain': {
      // Who does not answer now will hardly do so before the deadline: what is buffered keeps.
      const isStuck = stage.isStuck();
      stage.drain();
      setTimeout(() => stage.abort(), isStuck ? 0 : order.deadlineMs).unref();
      break;
    }
    case 'ask':
      stage
        .ask(order.request)
        .then((answer) => tell({ kind: 'answer', id: order.id, answer }))
        .catch((thrown: unknown) => tell({ kind: 'refusal', id: order.id, failure: plain(thrown) }));
      break;
  }
}

function plain(thrown: unknown): PlainFailure {
  if (thrown instanceof SluiceError) return { code: thrown.code, message: thrown.message };
  const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : errorText(thrown);
  return { code: 'WORKER_FAILED', message };
}
