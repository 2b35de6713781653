// What the app says, in the owner's language. English is the source; every other language has the same keys.
// The words around every screen come with the first paint, those of the screens with the first screen.

import shell from "./en/shell";
import type keep from "./en/keep";
import type people from "./en/people";
import type screens from "./en/screens";
import type { TwinMessages } from "./twin.svelte";

export type ShellMessages = Record<keyof typeof shell, string>;
export type ScreenMessages = Record<keyof typeof screens, string>;
export type PeopleMessages = Record<keyof typeof people, string>;
export type KeepMessages = Record<keyof typeof keep, string>;
export type Key = keyof ShellMessages | keyof ScreenMessages | keyof PeopleMessages | keyof KeepMessages;
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const PARTS = {
  en: { shell: async () => ({ default: shell as ShellMessages }), screens: () => [import("./en/screens"), import("./en/people"), import("./en/keep")], twin: undefined },
  de: { shell: () => import("./de/shell"), screens: () => [import("./de/screens"), import("./de/people"), import("./de/keep")], twin: () => import("./de/twin") },
};
const KEPT = "didymos.language";
interface Spoken {
  language: Language;
  messages: Partial<Record<Key, string>>;
  whole: boolean;
  twin?: TwinMessages;
}
let current = $state.raw<Spoken>({ language: "en", messages: shell, whole: false });

export const language = (): Language => current.language;
/** The table of what the twin says; English needs none. */
export const spoken = (): TwinMessages | undefined => current.twin;

/** The text of `key`, with `{names}` filled in. A plural has two texts, `key.one` and `key`. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const { messages } = current;
  const text = (values.n === 1 ? messages[`${key}.one` as Key] : undefined) ?? messages[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

async function speak(wanted: Language, whole: boolean): Promise<void> {
  const parts = await Promise.all([PARTS[wanted].shell(), ...(whole ? PARTS[wanted].screens() : [])]);
  const twin = whole ? await PARTS[wanted].twin?.() : undefined;
  current = { language: wanted, messages: Object.assign({}, ...parts.map((part) => part.default)), whole, twin: twin?.default };
  document.documentElement.lang = wanted;
}

/** A screen, once its words are here too. */
export async function withWords<T>(load: () => Promise<T>): Promise<T> {
  const [screen] = await Promise.all([load(), current.whole ? undefined : speak(current.language, true)]);
  return screen;
}

export function choose(wanted: Language): Promise<void> {
  localStorage.setItem(KEPT, wanted);
  return speak(wanted, true);
}

export function begin(): Promise<void> {
  const asked = [localStorage.getItem(KEPT), ...navigator.languages].map((tag) => tag?.slice(0, 2));
  const found = asked.find((tag) => tag !== undefined && tag in LANGUAGES) as Language | undefined;
  return speak(found ?? "en", false);
}
