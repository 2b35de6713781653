// The door, as the page sees it: one function, a short memory, and an error that can be shown.

export class Problem extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export async function ask(name, params = {}, signal = undefined) {
  let response;
  try {
    response = await fetch(`/api/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(params),
      credentials: "same-origin",
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "gone", "The twin does not answer. Is it still running?");
  }
  if (response.status === 204) return null;
  const body = await response.json().catch(() => null);
  if (response.ok) return body;
  throw new Problem(response.status, body?.code ?? "unknown", body?.message ?? `The twin answered with status ${response.status}.`);
}

// Answers about the past do not change while the page is open, unless something is imported: a reload forgets them.
const REMEMBERED_MAX = 60;
const remembered = new Map();

export async function askOnce(name, params, signal) {
  const key = `${name} ${JSON.stringify(params)}`;
  const known = remembered.get(key);
  if (known !== undefined) {
    remembered.delete(key);
    remembered.set(key, known);
    return known;
  }
  const answer = await ask(name, params, signal);
  remembered.set(key, answer);
  if (remembered.size > REMEMBERED_MAX) remembered.delete(remembered.keys().next().value);
  return answer;
}
