const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Whether the text is Base64 with its padding. Without a check `Buffer.from` drops what it does not know. */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && BASE64.test(text);
}
