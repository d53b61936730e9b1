import { SluiceError } from '../lib/errors.js';
import type { RebuildRequest, RebuildResult, WindowsReport } from '../windows/windows-report.js';
import type { ConsumeWorker } from './gateway-workers.js';

type Consumer = Pick<ConsumeWorker, 'ask'> | undefined;

/** Asks the consumer's thread what the windows are at. Rejects where no consumer runs, or with its refusal. */
export async function listWindows(consumer: Consumer): Promise<WindowsReport> {
  return (await running(consumer).ask({ kind: 'windows-list' })) as WindowsReport;
}

/** Lets the consumer's thread compute windows again: it answers when they are marked. Rejects as `listWindows`. */
export async function rebuildWindows(consumer: Consumer, request: RebuildRequest): Promise<RebuildResult> {
  return (await running(consumer).ask({ kind: 'windows-rebuild', request })) as RebuildResult;
}

function running(consumer: Consumer): Pick<ConsumeWorker, 'ask'> {
  if (consumer !== undefined) return consumer;
  throw new SluiceError(
    'CONTROL_FAILED',
    'no consumer runs in this gateway (--role ingest), and windows are computed there: run this at a consumer',
  );
}
