// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
const CONTROL = /[\u0000-\u001f\u007f]/;

/** Line protocol has no escape for control characters: a line feed would start a new point. */
export function hasControlCharacter(text: string): boolean {
  return CONTROL.test(text);
}

/** Why a name cannot be written in line protocol, or undefined. */
export function unwritableName(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (CONTROL.test(name)) return 'holds a control character';
  // `a\` would escape the separator that follows it; trimming would merge it with `a`.
  if (name.endsWith('\\')) return 'ends in a backslash';
  return undefined;
}

/** InfluxDB reserves `time` and names with a leading underscore. */
export function isReservedKey(name: string): boolean {
  return name === 'time' || name.startsWith('_');
}

/** Why a rule must not give a tag or field this name, or undefined. */
export function keyProblem(name: string): string | undefined {
  return unwritableName(name) ?? (isReservedKey(name) ? 'is reserved (time, or a leading _)' : undefined);
}

export function measurementProblem(name: string): string | undefined {
  const problem = unwritableName(name);
  if (problem !== undefined) return problem;
  if (name.startsWith('#')) return 'starts with #, which makes the line a comment';
  return name.startsWith('_') ? 'starts with _, which is reserved' : undefined;
}
