// What every screen shares: who is here, which streams there are, where we are, what was said last.

import { Problem, ask, forget, send, whenShut } from "./api/door";
import type { AuthState, Status, StreamInfo } from "./api/types";
import { t } from "./i18n/index.svelte";
import { learnNames, says } from "./i18n/twin.svelte";

export type Phase = "starting" | "gone" | "out" | "new" | "open";

class Here {
  phase = $state.raw<Phase>("starting");
  standing = $state.raw<AuthState | null>(null);
  status = $state.raw<Status | null>(null);
  streams = $state.raw<StreamInfo[]>([]);
  /** One sentence for the live region, and whether it is bad news. */
  said = $state.raw<{ text: string; bad: boolean } | null>(null);
  route = $state.raw<Route>(parse(location.hash));

  async start(): Promise<void> {
    try {
      this.standing = await send<AuthState>("GET", "/auth/state");
    } catch {
      this.phase = "gone";
      return;
    }
    // A used link is no place to stay.
    if (location.pathname !== "/") history.replaceState(null, "", `/${location.hash}`);
    if (this.standing.state === "new") this.phase = "new";
    else if (this.standing.state === "locked" || !this.standing.session) this.phase = "out";
    else await this.load();
  }

  /** Reads again what there is: after signing in, an import or an undo. */
  async load(): Promise<void> {
    forget();
    try {
      const [status, streams] = await Promise.all([ask<Status>("twin.status@1"), ask<StreamInfo[]>("streams.list@1")]);
      this.status = status;
      this.streams = streams;
      learnNames(streams);
      this.phase = "open";
    } catch (error) {
      if (error instanceof Problem && error.status === 401) this.phase = "out";
      else this.phase = "gone";
    }
  }

  say(text: string, bad = false): void {
    this.said = { text, bad };
  }
  /** Tells an error in words that help. */
  tell(error: unknown): void {
    if (error instanceof DOMException && error.name === "AbortError") return;
    this.say(words(error), true);
  }
}

/** An error in words that help. */
export function words(error: unknown): string {
  if (error instanceof Problem) return error.code === "gone" ? t("gone.text") : says(error.message, error.code);
  return error instanceof Error ? error.message : String(error);
}

export const SCREENS = ["today", "circles", "people", "ask", "timeline", "graph", "import", "search", "consents", "receipts", "quality", "protect", "settings"] as const;
export type Screen = (typeof SCREENS)[number];
export interface Route {
  screen: Screen;
  query: URLSearchParams;
}

function parse(hash: string): Route {
  const [path, query] = hash.replace(/^#\/?/, "").split("?");
  const screen = SCREENS.find((known) => known === path) ?? "today";
  return { screen, query: new URLSearchParams(query ?? "") };
}

export const here = new Here();

export function href(screen: Screen, query: Record<string, string | number> = {}): string {
  const text = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)])).toString();
  return `#/${screen}${text ? `?${text}` : ""}`;
}
export function go(screen: Screen, query: Record<string, string | number> = {}): void {
  location.hash = href(screen, query);
}
/** Notes in the address where we are, without a step in the history. */
export function note(screen: Screen, query: Record<string, string | number>): void {
  history.replaceState(null, "", href(screen, query));
}

window.addEventListener("hashchange", () => {
  here.route = parse(location.hash);
  here.said = null;
});
whenShut(() => {
  here.phase = "out";
  forget();
});
