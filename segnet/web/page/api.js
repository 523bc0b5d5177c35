// Requests to the server of this page, and to no other.

const PATIENCE = 20_000;  // milliseconds for which a busy server is asked again

export class Problem extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

export async function get(path) {
  return (await request(path)).json();
}

export async function post(path, body, { patient = true, signal } = {}) {
  const json = !(body instanceof FormData);
  const options = json
    ? { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, signal }
    : { method: "POST", body, signal };
  const until = Date.now() + (patient ? PATIENCE : 0);
  for (;;) {
    try {
      return await request(path, options);
    } catch (problem) {
      if (problem.status !== 503 || Date.now() > until) throw problem;
      await new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * 1000));
    }
  }
}

// The form of a request; `chosen` are the settings above the tabs.
export function form(field, file, chosen) {
  const data = new FormData();
  data.append(field, file, "upload");
  for (const [name, value] of Object.entries(chosen)) data.append(name, value);
  return data;
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The server does not answer. Is it still running?", 0);
  }
  if (!response.ok) throw new Problem(await sentenceOf(response), response.status);
  return response;
}

async function sentenceOf(response) {
  try {
    return sentence((await response.json()).error);
  } catch {
    return `The server answered ${response.status}.`;
  }
}

export function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
