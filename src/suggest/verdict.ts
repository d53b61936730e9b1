/** What should become of a value. `value` is YAML. */
export type Verdict =
  | { readonly kind: 'field' | 'tag'; readonly value: string; readonly comment: string }
  | { readonly kind: 'omitted'; readonly reason: string };
