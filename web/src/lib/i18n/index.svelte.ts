// What the app says, in the owner's language. English is the source; every other language has the same keys.

import en from "./en";

export type Key = keyof typeof en;
export type Messages = Record<Key, string>;
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const KEPT = "didymos.language";
const state = $state<{ language: Language; messages: Messages }>({ language: "en", messages: en });

export const language = (): Language => state.language;

/** The text of `key`, with `{names}` filled in. A plural has two texts, `key.one` and `key`. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const { messages } = state;
  const one = `${key}.one` as Key;
  const text = values.n === 1 && one in messages ? messages[one] : messages[key];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

export async function speak(wanted: Language): Promise<void> {
  state.messages = wanted === "de" ? (await import("./de")).default : en;
  state.language = wanted;
  document.documentElement.lang = wanted;
  document.documentElement.dir = new Intl.Locale(wanted).language === "ar" ? "rtl" : "ltr";
}

export function choose(wanted: Language): Promise<void> {
  localStorage.setItem(KEPT, wanted);
  return speak(wanted);
}

export function begin(): Promise<void> {
  const asked = [localStorage.getItem(KEPT), ...navigator.languages].map((tag) => tag?.slice(0, 2));
  const found = asked.find((tag) => tag !== undefined && tag !== null && tag in LANGUAGES) as Language | undefined;
  return speak(found ?? "en");
}
