// The router's HTTP API, as far as this page asks it.

import { dataOf } from './events.js';

const CHAT = 'v1/chat/completions';
const COMPLETIONS = 'v1/completions';
const MODELS = 'v1/models';
const DONE = '[DONE]';

/** What the router did not do, and why in its own sentence. */
export class Refusal extends Error {
  constructor(message, { status = 0, code = null, param = null } = {}) {
    super(message);
    Object.assign(this, { status, code, param });
  }
}

/** The model that is served: its name, experts, default threshold and calibration. */
export async function fetchModel(key) {
  const response = await send(MODELS, { headers: headersOf(key) });
  const list = await response.json();
  return list.data[0];
}

/**
 * Asks, and yields the chunks of the answer, as many at a time as came together.
 * @param {{ prompt: string, isChat: boolean, fields: object, key: string }} question
 * @param {AbortSignal} signal Ends the answer, here and at the router.
 */
export async function* ask({ prompt, isChat, fields, key }, signal) {
  const input = isChat ? { messages: [{ role: 'user', content: prompt }] } : { prompt };
  const response = await send(isChat ? CHAT : COMPLETIONS, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headersOf(key) },
    body: JSON.stringify({ ...input, ...fields, stream: true }),
    signal,
  });
  try {
    for await (const events of dataOf(response.body)) {
      const all = events.map(parsed);
      const broken = all.indexOf(null);
      const chunks = (broken < 0 ? all : all.slice(0, broken)).filter((chunk) => chunk !== DONE);
      if (chunks.length > 0) yield chunks;
      if (broken >= 0) throw new RangeError('The router sent an event that is no JSON.');
      if (all.includes(DONE) || chunks.some((chunk) => chunk.error)) return;
    }
  } catch (error) {
    if (error instanceof RangeError) throw new Refusal(error.message);
    throw error.name === 'AbortError' ? error : new Refusal('The connection to the router broke before the answer had ended.');
  }
  throw new Refusal('The connection to the router ended before the answer did.');
}

/** The error of a chunk or a body as what was refused. */
export function refusalOf(error, status = 0) {
  return new Refusal(error.message, { status, code: error.code, param: error.param });
}

/** Null where it is no JSON. */
function parsed(data) {
  if (data === DONE) return DONE;
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

function headersOf(key) {
  if (!key) return {};
  if (/[^!-~]/.test(key)) throw new Refusal('The API key has characters that no key has.');
  return { Authorization: `Bearer ${key}` };
}

async function send(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, cache: 'no-store' });
  } catch (error) {
    throw error.name === 'AbortError' ? error : new Refusal('The router cannot be reached.');
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  throw body?.error?.message
    ? refusalOf(body.error, response.status)
    : new Refusal(`The router answered with the status ${response.status}.`, { status: response.status });
}
