import { copyButton } from './copy-button.js';
import { element } from './dom.js';
import { foldedLines } from './folded-lines.js';
import { bytes } from './format.js';
import { payloadLines } from './payload-text.js';

/**
 * A payload as nodes for the drawer: its kind, its lines, and a button that copies it.
 *
 * @param {{ payload?: string; payloadBase64?: string; payloadBytes: number }} message
 */
export function payloadBlock({ payload, payloadBase64 = '', payloadBytes }) {
  const { kind, lines } = payloadLines({ payload, payloadBase64 });
  const heading = element('h3', {}, `Payload (${kind})`);
  if (payloadBytes === 0) return [heading, element('p', { class: 'note' }, 'It is empty.')];
  const copy = copyButton(() => payload ?? payloadBase64, payload === undefined ? 'Copy as base64' : 'Copy');
  const shownBytes =
    payload === undefined ? atob(payloadBase64).length : new TextEncoder().encode(payload).length;
  return [
    element('div', { class: 'section-head' }, heading, ...(copy === null ? [] : [copy])),
    ...foldedLines(lines, 'Payload'),
    ...(shownBytes < payloadBytes
      ? [element('p', { class: 'note' }, `Only its beginning; it has ${bytes(payloadBytes)}.`)]
      : []),
  ];
}
