import { Downstream } from './downstream.js';
import { runStage } from './run-stage.js';

/** Entry of the thread of consumer and sink. */
await runStage(Downstream.open);
