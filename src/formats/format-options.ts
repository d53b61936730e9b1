/** How the payloads that a rule takes are encoded, as `config` passes it. */
export type FormatOptions = JsonFormatOptions | TextFormatOptions;

/** The names of all formats, as they are written in a configuration. */
export const FORMAT_TYPES = ['json', 'text'] as const;
export type FormatType = (typeof FORMAT_TYPES)[number];

export interface JsonFormatOptions {
  readonly type: 'json';
}

/** The whole payload as one text, or as a number or boolean where it is plainly one. */
export interface TextFormatOptions {
  readonly type: 'text';
}

/** The format of the payloads on the topics of a filter, for rules that name none. */
export interface TopicFormat {
  readonly topic: string;
  readonly format: FormatOptions;
}
