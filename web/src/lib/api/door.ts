// The door, as the app sees it: one way to ask, and an error that can be shown.

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

type Listener = (problem: Problem) => void;
let onShut: Listener = () => {};

/** Tells what to do when an answer says that the session is over or the twin is locked. */
export function whenShut(listener: Listener): void {
  onShut = listener;
}

export async function send<T>(method: "GET" | "POST", path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: method === "POST" ? { "content-type": "application/json" } : {},
      body: method === "POST" ? JSON.stringify(body ?? {}) : undefined,
      credentials: "same-origin",
      cache: "no-store",
      signal,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "gone", "");
  }
  return understood<T>(response);
}

export async function understood<T>(response: Response): Promise<T> {
  if (response.status === 204) return null as T;
  const body = await response.json().catch(() => null);
  if (response.ok) return body as T;
  const problem = new Problem(response.status, body?.code ?? "unknown", body?.message ?? String(response.status));
  if (problem.status === 401 || problem.code === "locked") onShut(problem);
  throw problem;
}

/** Asks the door. */
export const ask = <T>(name: string, params: object = {}, signal?: AbortSignal): Promise<T> => send("POST", `/api/${name}`, params, signal);

// Answers about the past do not change while the app is open, unless something is imported or undone: then all are forgotten.
const REMEMBERED_MAX = 160;
const remembered = new Map<string, unknown>();

export async function askOnce<T>(name: string, params: object, signal?: AbortSignal): Promise<T> {
  const key = `${name} ${JSON.stringify(params)}`;
  const known = remembered.get(key);
  if (known !== undefined) {
    remembered.delete(key);
    remembered.set(key, known);
    return known as T;
  }
  const answer = await ask<T>(name, params, signal);
  remembered.set(key, answer);
  if (remembered.size > REMEMBERED_MAX) remembered.delete(remembered.keys().next().value as string);
  return answer;
}

/** Nothing that was answered before counts any more. */
export const forget = (): void => remembered.clear();
