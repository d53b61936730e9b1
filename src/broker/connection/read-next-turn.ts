/** What is read again in the next turn of the event loop. */
interface Reading {
  read(): void;
  release(): void;
  isStopped(): boolean;
}

let waiting: Reading[] = [];

/** Reads a connection in the next turn of the event loop, after the others have had theirs. */
export function readNextTurn(reading: Reading): void {
  waiting.push(reading);
  if (waiting.length === 1) setImmediate(readAll);
}

function readAll(): void {
  const now = waiting;
  waiting = [];
  for (const reading of now) {
    if (reading.isStopped()) reading.release();
    else reading.read();
  }
}
