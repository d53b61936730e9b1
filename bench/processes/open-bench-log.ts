import { DurableEndWriter, newDurableMemory } from '../../src/stream/log/durable-end.js';
import { LogWriter } from '../../src/stream/log/log-writer.js';

/** A log of its own in this process, with room for every run; a failure of it ends the run. */
export function openBenchLog(directory: string): Promise<LogWriter> {
  return LogWriter.open(
    {
      directory,
      maxSizeBytes: 64 * 2 ** 30,
      segmentSizeBytes: 64 * 2 ** 20,
      whenFull: 'block',
      maxBodyBytes: 2 ** 20,
    },
    {
      durableEnd: new DurableEndWriter(newDurableMemory()),
      onFailure: (failure) => {
        throw failure;
      },
    },
  );
}
