import { createCborFormat } from './cbor/cbor-format.js';
import { compressedFormat } from './compression/compressed-format.js';
import { csvFormat } from './csv/csv-format.js';
import { csvOptions } from './csv/csv-options.js';
import { jsonOrMagic } from './decode-by-magic.js';
import { DecoderFormat } from './decoder/decoder-format.js';
import { DEFAULT_DECODER_TIMEOUT_MS, type FormatOptions } from './format-options.js';
import { jsonFormat } from './json/decode-json.js';
import { lenientJson } from './json/lenient-json.js';
import { lineProtocolFormat } from './line-protocol/line-protocol-format.js';
import { createMsgpackFormat } from './msgpack/msgpack-format.js';
import type { PayloadFormat } from './payload-format.js';
import { createSenmlFormat } from './senml/senml-format.js';
import { sparkplugFormat } from './sparkplug/sparkplug-format.js';
import { textFormat } from './text/text-format.js';
import type { ConvertOptions } from './to-json-value.js';

/** FormatCache makes one format for all rules with the same options: a payload that several rules take is decoded once. */
export class FormatCache {
  readonly #formats = new Map<string, PayloadFormat>();

  get(options: FormatOptions): PayloadFormat {
    const key = JSON.stringify(options);
    let format = this.#formats.get(key);
    if (format === undefined) {
      format = createFormat(options);
      this.#formats.set(key, format);
    }
    return format;
  }
}

function createFormat(options: FormatOptions): PayloadFormat {
  const { compression } = options;
  const format = uncompressedFormat(options);
  if (compression !== undefined)
    return compression === 'none' ? format : compressedFormat(format, compression);
  return options.type === 'json' ? jsonOrMagic(format) : format;
}

function uncompressedFormat(options: FormatOptions): PayloadFormat {
  switch (options.type) {
    case 'json':
      return options.lenient === undefined ? jsonFormat : lenientJson(options.lenient);
    case 'text':
      return textFormat;
    case 'csv':
      return csvFormat(csvOptions(options));
    case 'line-protocol':
      return lineProtocolFormat(options.precision ?? 'ns');
    case 'senml':
      return createSenmlFormat(options.encoding ?? 'auto');
    case 'cbor':
      return createCborFormat(notFiniteOf(options));
    case 'msgpack':
      return createMsgpackFormat(notFiniteOf(options));
    case 'sparkplug':
      return sparkplugFormat;
    case 'decoder': {
      const { file = '', timeoutMs = DEFAULT_DECODER_TIMEOUT_MS } = options;
      return new DecoderFormat({ file, timeoutMs });
    }
  }
}

function notFiniteOf({ lenient }: FormatOptions): ConvertOptions {
  return { notFinite: lenient?.includes('nan') ? 'null' : 'reject' };
}
