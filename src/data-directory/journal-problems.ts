import { join } from 'node:path';
import { RETAINED_FORMAT } from '../broker/retained/retained-entry.js';
import { SESSION_ENTRY_FORMAT } from '../broker/sessions/session-entry.js';
import { JOURNAL_FILES } from '../lib/journal/journal-files.js';
import { JOURNAL_FILE, newerVersion, readJournalHeader } from '../lib/journal/open-journal-file.js';
import type { DataDirectory } from './data-directory.js';
import type { DirectoryProblem } from './directory-problem.js';

/**
 * Which journals of retained messages and sessions a newer version has written. The format of the directory does not grow
 * with them: an older version looks at none of them, and nothing else depends on what is in them.
 */
export async function journalProblems(directory: DataDirectory): Promise<DirectoryProblem[]> {
  const problems: DirectoryProblem[] = [];
  for (const [folder, format] of [
    [directory.retained, RETAINED_FORMAT],
    [directory.sessions, SESSION_ENTRY_FORMAT],
  ] as const) {
    const file = join(folder, JOURNAL_FILE);
    const header = await readJournalHeader(file, JOURNAL_FILES);
    // A damaged one is archived when it is opened.
    if (header === 'missing' || header === 'damaged') continue;
    const newer = newerVersion(header, format);
    if (newer === undefined) continue;
    problems.push({
      kind: 'mismatch',
      file,
      found: `it was written by a newer version of Sluice (${newer})`,
      expected: 'a journal that this version can read',
      next: 'start the newer version, or move the file away: its retained messages or sessions are then gone',
    });
  }
  return problems;
}
