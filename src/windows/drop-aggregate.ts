import { checkedLine } from '../dead-letter/checked-line.js';
import { closeDurable, open } from '../lib/files.js';
import { ifThere } from '../lib/if-there.js';
import { type DroppedLine, restoreLines } from './journal-lines.js';
import type { AggregateLayout } from './layout.js';
import { fileNumbers, pathOf, readLines } from './windows-journal.js';

/** What the aggregates were whose windows are in the journal, by name. Nothing may write it meanwhile. */
export async function savedLayouts(folder: string): Promise<Readonly<Record<string, AggregateLayout>>> {
  const numbers = (await ifThere(fileNumbers(folder))) ?? [];
  const read = await Promise.all(numbers.map((number) => readLines(pathOf(folder, number))));
  const lines = read.flatMap((one) => one.lines);
  // Layouts do not depend on the position of the consumer.
  return restoreLines(lines, '', () => '').layouts;
}

/** Forgets an aggregate; resolves when that is durable. The next start begins with its windows that are open then. */
export async function dropAggregate(folder: string, { name, resolutions }: AggregateLayout): Promise<void> {
  const numbers = await fileNumbers(folder);
  const path = pathOf(folder, numbers.at(-1)!);
  const line: DroppedLine = {
    kind: 'dropped',
    aggregate: name,
    measurements: Object.keys(resolutions),
  };
  const { wholeBytes } = await readLines(path);
  const file = await open(path, 'r+');
  try {
    // Half a line that a crash has left would spoil this one.
    await file.truncate(wholeBytes);
    await file.write(checkedLine({ ...line }), wholeBytes);
    await file.datasync();
  } finally {
    await closeDurable(file);
  }
}
