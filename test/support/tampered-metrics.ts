import { once } from 'node:events';
import { createServer } from 'node:http';

export interface TamperedMetrics {
  /** `127.0.0.1:port`, to scrape. */
  readonly target: string;
  /** From now on each series (name with its labels) has this value. */
  set(values: Readonly<Record<string, number>>): void;
  stop(): Promise<void>;
}

/** The metrics of a gateway with some values made up: for what a gateway that is sound never says. */
export async function startTamperedMetrics(gatewayUrl: () => string): Promise<TamperedMetrics> {
  let made: Readonly<Record<string, number>> = {};
  const server = createServer((_request, response) => {
    fetch(`${gatewayUrl()}/metrics`)
      .then((answer) => answer.text())
      .then(
        (text) => response.end(withMissing(text.split('\n').map(tampered)).join('\n')),
        () => response.writeHead(502).end(),
      );
  });
  const tampered = (line: string): string => {
    const series = line.slice(0, line.lastIndexOf(' '));
    return made[series] === undefined ? line : `${series} ${made[series]}`;
  };
  /** A metric with a label has a series only for values that have occurred. */
  const withMissing = (lines: readonly string[]): string[] => {
    const missing = Object.keys(made).filter(
      (series) => !lines.some((line) => line.startsWith(`${series} `)),
    );
    return [...lines.slice(0, -1), ...missing.map((series) => `${series} ${made[series]}`), ''];
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    target: `127.0.0.1:${(server.address() as { port: number }).port}`,
    set: (values) => {
      made = values;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
