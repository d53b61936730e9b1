/** Texts in the form that searches are compared with: once for a record, however many searches there are. */
export function searchable(texts: readonly string[]): readonly string[] {
  return texts.map((text) => text.toLowerCase());
}

/** Whether one of the texts has the search in it; all of them are in lower case. */
export function isFound(search: string, texts: readonly string[]): boolean {
  return texts.some((text) => text.includes(search));
}
