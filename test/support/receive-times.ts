import { ReceiveTimes, type ReceiveTimesDeps } from '../../src/bridge/receive-times.js';

/** Receive times whose epochs are kept nowhere, unless the test keeps them. */
export function receiveTimesOf(
  deps: Pick<ReceiveTimesDeps, 'clock'> & Partial<ReceiveTimesDeps>,
): ReceiveTimes {
  return new ReceiveTimes({
    lastReceivedAtNs: 0n,
    stored: undefined,
    logSpans: [],
    save: () => undefined,
    onSaveFailed: (thrown) => {
      throw thrown;
    },
    ...deps,
  });
}
