import type { ExplainOptions } from './options.js';
export async function explainLive(_options: ExplainOptions & { readonly follow: string }): Promise<number> {
  return 0;
}
