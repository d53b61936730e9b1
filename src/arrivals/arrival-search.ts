/** Whether one of the texts has the search in it; the search is in lower case. */
export function isFound(search: string, ...texts: readonly string[]): boolean {
  return texts.some((text) => text.toLowerCase().includes(search));
}
