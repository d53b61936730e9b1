export const OUTPUT_FORMATS = ['table', 'json', 'csv', 'parquet'] as const;
export const EXPORT_FORMATS = ['csv', 'parquet'] as const;

export interface QueryOptions {
  readonly config?: string;
  readonly format: (typeof OUTPUT_FORMATS)[number];
  readonly output?: string;
  readonly limit?: number;
  /** In ms. */
  readonly timeout?: number;
}

export interface ExportOptions {
  readonly config?: string;
  readonly measurement: string;
  /** In ms since 1970. */
  readonly from?: number;
  readonly to?: number;
  readonly format: (typeof EXPORT_FORMATS)[number];
  readonly output: string;
  /** In ms. */
  readonly timeout?: number;
}
