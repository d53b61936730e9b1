/** What the process takes away from the mode of every file and folder that it makes: all of group and others. */
const PRIVATE = 0o077;

let holders = 0;
let ownMask = 0;

/**
 * Lets this process make files for its user alone, also files that a library makes: DuckDB asks for 0644. Returns what ends it: files
 * that a command makes for its user afterwards, such as an export, have the mode that the user wants.
 */
export function makeFilesPrivate(): () => void {
  if (holders === 0) ownMask = process.umask(PRIVATE);
  holders += 1;
  let isEnded = false;
  return () => {
    if (isEnded) return;
    isEnded = true;
    holders -= 1;
    if (holders === 0) process.umask(ownMask);
  };
}
