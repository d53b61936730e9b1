import type { CommandDeps } from '../../src/control/serve-commands.js';

const refused = () => Promise.reject(new Error('the test does not expect this request'));

/** A gateway that refuses every command; a test replaces what it asks for. */
export const NO_COMMANDS: CommandDeps = {
  audit: () => undefined,
  start: refused,
  status: () => undefined,
  reload: refused,
  describe: () => ({ processId: 1, listeners: [] }),
  changeField: refused,
  listWindows: refused,
  rebuildWindows: refused,
  follow: refused,
  query: refused,
  queryProgress: async () => undefined,
};
