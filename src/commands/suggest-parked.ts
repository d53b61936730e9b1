import { join } from 'node:path';
import { loadDataDirectory } from '../config/load-config.js';
import { deadLetterFolders } from '../dead-letter/dead-letter-files.js';
import { parkedFromEnd } from '../dead-letter/dead-letter-reader.js';
import { SampleCollection } from './sample-collection.js';

interface ParkedSource {
  readonly config?: string;
  readonly code?: string;
  readonly topic?: string;
}

/** Collects the newest parked records whose payload was kept, and puts them in the order in which they came. */
export async function parkedMessages({ config, ...filter }: ParkedSource): Promise<SampleCollection> {
  const collection = new SampleCollection();
  const directory = join(await loadDataDirectory(config), 'dead-letter');
  const damaged = new Set<string>();
  const onDamaged = (file: string) => damaged.add(file);
  for (const folder of await deadLetterFolders(directory)) {
    // Step by step: the payloads of all parked records together may be larger than the memory.
    for await (const { parked } of parkedFromEnd(folder, filter, { onDamaged })) {
      if (parked === undefined || parked.bytesNotKept !== undefined) continue;
      const { topic, clientId, qos, receivedAtNs, payload, properties } = parked;
      if (
        !collection.add({ topic, clientId, qos, receivedAtNs, payload, properties, isReceiveTimeKnown: true })
      )
        break;
    }
  }
  for (const file of damaged) {
    process.stderr.write(`${file} has lines that cannot be read; the records in them are not used.\n`);
  }
  collection.messages.sort((one, other) => (one.receivedAtNs < other.receivedAtNs ? -1 : 1));
  return collection;
}
