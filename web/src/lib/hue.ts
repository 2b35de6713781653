// The twin's own hue, from its DID: fixed lightness and chroma, so that contrast holds whatever the hue.

export function hueOf(did: string): number {
  let sum = 0;
  for (const letter of did) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 360_007;
  return sum % 360;
}

export const wear = (did: string): void => document.documentElement.style.setProperty("--hue", String(hueOf(did)));
