import { join } from 'node:path';
import { reasonsFolder } from '../dead-letter/dead-letter-files.js';
import { DeadLetterWriter } from '../dead-letter/dead-letter-writer.js';
import { ReasonsWriter } from '../dead-letter/reasons-writer.js';
import { SenderBytes } from '../dead-letter/sender-bytes.js';
import type { Clock } from '../lib/clock.js';
import type { Opened } from '../lib/open-all-or-none.js';
import { prepareDeadLetter } from '../replay/prepare-dead-letter.js';
import { CHECKPOINT_GRACE_MS, ReplayService } from '../replay/replay-service.js';
import type { ReplayStore } from '../replay/replayer.js';
import type { ConsumeOptions } from './consume-protocol.js';
import type { ConsumerSource } from './consumer-source.js';
import type { PipelineHooks } from './worker/worker-protocol.js';

export interface DeadLetterParts {
  /** The folder of the reader's parked records. */
  readonly folder: string;
  readonly deadLetter: DeadLetterWriter;
  readonly reasons: ReasonsWriter;
  readonly senders: SenderBytes;
  readonly replay: ReplayService;
}

/** Opens what parks records and replays them. `opened` gets what has to be closed when a later part cannot be opened. */
export async function openDeadLetter(
  options: ConsumeOptions,
  source: ConsumerSource,
  {
    store,
    clock,
    hooks,
  }: { readonly store: ReplayStore; readonly clock: Clock; readonly hooks: PipelineHooks },
  opened: Opened,
): Promise<DeadLetterParts> {
  await prepareDeadLetter({ ...options.directory, warn: hooks.warn });
  const folder = source.deadLetterFolder ?? '';
  const deadLetter = await DeadLetterWriter.open(
    {
      directory: join(options.directory.deadLetter, folder),
      maxSizeBytes: options.deadLetterMaxSizeBytes,
    },
    source.deadLetterEnd,
  );
  opened(() => deadLetter.close());
  const reasons = await ReasonsWriter.open(
    join(options.directory.deadLetter, reasonsFolder(folder)),
    options.deadLetterMaxSizeBytes,
    source.reasonsEnd,
  );
  opened(() => reasons.close());
  const senders = new SenderBytes();
  const replay = await ReplayService.open({
    ...options.directory,
    checkpointWaitMs: options.consumer.checkpointIntervalMs + CHECKPOINT_GRACE_MS,
    kinesisFolder: source.deadLetterFolder,
    senders: { folder, bytes: senders },
    store,
    clock,
    onProgress: hooks.onProgress,
    onFreed: async () => {
      await deadLetter.measure();
      await reasons.measure();
      senders.keepOnly(await deadLetter.files());
    },
    warn: hooks.warn,
  });
  opened(() => replay.close());
  replay.noteSaved(folder, source.deadLetterEnd ?? deadLetter.end);
  replay.noteSaved(reasonsFolder(folder), source.reasonsEnd ?? reasons.end);
  return { folder, deadLetter, reasons, senders, replay };
}
