/** An armored block, or `TYPE BASE64` on one line; anything else is the path of a file that holds one. */
export function isInlineKey(text: string): boolean {
  return text.includes("-----BEGIN ") || /^\s*(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+[ \t]+\S/.test(text);
}
