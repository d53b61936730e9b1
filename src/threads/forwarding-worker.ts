import { Forwarding } from './forwarding.js';
import { runStage } from './run-stage.js';

/** Entry of the thread that forwards the log to Kinesis. */
await runStage(Forwarding.open);
