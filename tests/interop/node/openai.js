// Asks an OpenAI-compatible server through OpenAI's own client and prints what came as one line of JSON:
//   openai.js BASE_URL KEY REQUEST, the request being { path: "chat" | "completions" | "models", body, abort_after }.
'use strict';

const OpenAI = require('openai');

const [baseURL, apiKey, request] = process.argv.slice(2);
const { path, body, abort_after: abortAfter } = JSON.parse(request);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 30_000 });

async function ask() {
  if (path === 'models') {
    const models = [];
    for await (const model of client.models.list()) models.push(model.id);
    return { models };
  }
  const resource = path === 'chat' ? client.chat.completions : client.completions;
  const response = await resource.create(body);
  if (!body.stream) return { whole: response, request_id: response._request_id };
  const chunks = [];
  for await (const chunk of response) {
    chunks.push(chunk);
    if (abortAfter && chunks.length === abortAfter) response.controller.abort();
  }
  return { chunks };
}

ask()
  .catch((error) => ({ error: { kind: error.constructor.name, status: error.status, code: error.code, param: error.param, type: error.type, message: error.message } }))
  .then((result) => console.log(JSON.stringify(result)));
