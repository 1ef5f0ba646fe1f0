'use strict';
// The interoperability cases as a grpc-js client performs them; each rejects where the server is wrong.

const assert = require('node:assert/strict');
const grpc = require('@grpc/grpc-js');
const { ECHO_INITIAL, ECHO_TRAILING } = require('./service');

const LARGE_REQUEST = 271828;
const LARGE_RESPONSE = 314159;
const REQUEST_SIZES = [27182, 8, 1828, 45904];
const RESPONSE_SIZES = [31415, 9, 2653, 58979];
const SPECIAL_MESSAGE = '\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \u{1f608}\t\n';

const soon = () => ({ deadline: Date.now() + 60000 });
const payload = (size) => ({ type: 'COMPRESSABLE', body: Buffer.alloc(size) });
const large = (more) => ({ response_size: LARGE_RESPONSE, payload: payload(LARGE_REQUEST), ...more });
const outputRequest = (responseSize, requestSize) => ({
  response_parameters: [{ size: responseSize }], payload: payload(requestSize),
});

function assertZeros(message, size) {
  assert.ok(message.payload.body.equals(Buffer.alloc(size)), `expected ${size} zeros, got ${message.payload.body.length} bytes`);
}

/** Calls a unary method; resolves to its response, headers and trailers, rejects with its status. */
function unary(client, method, request, metadata = new grpc.Metadata()) {
  return new Promise((resolve, reject) => {
    const seen = {};
    const call = client[method](request, metadata, soon(), (error, response) => {
      if (error) reject(error);
      else { seen.response = response; }
    });
    call.on('metadata', (headers) => { seen.headers = headers; });
    call.on('status', (status) => { seen.trailers = status.metadata; if (status.code === grpc.status.OK) resolve(seen); });
  });
}

/** Resolves to all responses, headers and trailers of a call whose responses are a stream. */
function collect(call) {
  return new Promise((resolve, reject) => {
    const seen = { responses: [] };
    call.on('metadata', (headers) => { seen.headers = headers; });
    call.on('data', (response) => seen.responses.push(response));
    call.on('error', reject);
    call.on('status', (status) => { seen.trailers = status.metadata; if (status.code === grpc.status.OK) resolve(seen); });
  });
}

async function assertStatus(promise, code, message) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.code, code, `${error.code} ${error.details}`);
    if (message !== undefined) assert.equal(error.details, message);
    return true;
  });
}

async function streamingInput(client, sizes, expectCompressed) {
  const result = new Promise((resolve, reject) => {
    const call = client.streamingInputCall(new grpc.Metadata(), soon(), (error, response) => (error ? reject(error) : resolve(response)));
    for (const size of sizes) call.write({ payload: payload(size), expect_compressed: expectCompressed });
    call.end();
  });
  assert.equal((await result).aggregated_payload_size, sizes.reduce((sum, size) => sum + size, 0));
}

async function streamingOutput(client, parameters) {
  const { responses } = await collect(client.streamingOutputCall({ response_parameters: parameters }, new grpc.Metadata(), soon()));
  assert.equal(responses.length, parameters.length);
  responses.forEach((response, index) => assertZeros(response, parameters[index].size));
}

async function pingPong({ client }) {
  const call = client.fullDuplexCall(new grpc.Metadata(), soon());
  const done = collect(call);
  for (let i = 0; i < REQUEST_SIZES.length; i++) {
    const answered = new Promise((resolve) => call.once('data', resolve));
    call.write(outputRequest(RESPONSE_SIZES[i], REQUEST_SIZES[i]));
    assertZeros(await Promise.race([answered, done]), RESPONSE_SIZES[i]);
  }
  call.end();
  assert.equal((await done).responses.length, RESPONSE_SIZES.length);
}

async function emptyStream({ client }) {
  const call = client.fullDuplexCall(new grpc.Metadata(), soon());
  call.end();
  assert.equal((await collect(call)).responses.length, 0);
}

async function clientCompressedUnary({ client, gzipClient }) {
  const compressed = large({ expect_compressed: { value: true } });
  await assertStatus(unary(client, 'unaryCall', compressed), grpc.status.INVALID_ARGUMENT);
  assertZeros((await unary(gzipClient, 'unaryCall', compressed)).response, LARGE_RESPONSE);
  assertZeros((await unary(client, 'unaryCall', large({ expect_compressed: { value: false } }))).response, LARGE_RESPONSE);
}

// grpc-js compresses a whole channel or none of it, so the uncompressed message in the middle is left out.
async function clientCompressedStreaming({ client, gzipClient }) {
  await assertStatus(streamingInput(client, [27182, 45904], { value: true }), grpc.status.INVALID_ARGUMENT);
  await streamingInput(gzipClient, [27182, 45904], { value: true });
}

// grpc-js decompresses without telling, so these two show only that both forms are understood.
async function serverCompressedUnary({ client }) {
  for (const value of [true, false]) {
    assertZeros((await unary(client, 'unaryCall', large({ response_compressed: { value } }))).response, LARGE_RESPONSE);
  }
}

const serverCompressedStreaming = ({ client }) => streamingOutput(
  client, [{ size: 31415, compressed: { value: true } }, { size: 92653, compressed: { value: false } }]);

async function customMetadata({ client }) {
  const metadata = new grpc.Metadata();
  metadata.set(ECHO_INITIAL, 'test_initial_metadata_value');
  metadata.set(ECHO_TRAILING, Buffer.from([0xab, 0xab, 0xab]));
  const assertEchoed = ({ headers, trailers }) => {
    assert.deepEqual(headers.get(ECHO_INITIAL), ['test_initial_metadata_value']);
    assert.deepEqual(trailers.get(ECHO_TRAILING), [Buffer.from([0xab, 0xab, 0xab])]);
  };
  const single = await unary(client, 'unaryCall', large(), metadata);
  assertZeros(single.response, LARGE_RESPONSE);
  assertEchoed(single);
  const call = client.fullDuplexCall(metadata, soon());
  call.write(outputRequest(LARGE_RESPONSE, LARGE_REQUEST));
  call.end();
  const streamed = await collect(call);
  assertZeros(streamed.responses[0], LARGE_RESPONSE);
  assertEchoed(streamed);
}

async function assertEchoedStatus(client, message) {
  const request = { response_status: { code: grpc.status.UNKNOWN, message } };
  await assertStatus(unary(client, 'unaryCall', request), grpc.status.UNKNOWN, message);
}

async function statusCodeAndMessage({ client }) {
  await assertEchoedStatus(client, 'test status message');
  const call = client.fullDuplexCall(new grpc.Metadata(), soon());
  call.write({ response_status: { code: grpc.status.UNKNOWN, message: 'test status message' } });
  call.end();
  await assertStatus(collect(call), grpc.status.UNKNOWN, 'test status message');
}

async function cancelAfterBegin({ client }) {
  await assertStatus(new Promise((resolve, reject) => {
    const call = client.streamingInputCall(new grpc.Metadata(), {}, (error) => (error ? reject(error) : resolve()));
    call.cancel();
  }), grpc.status.CANCELLED);
}

async function cancelAfterFirstResponse({ client }) {
  const call = client.fullDuplexCall(new grpc.Metadata(), {});
  const done = collect(call);
  call.once('data', (response) => { assertZeros(response, 31415); call.cancel(); });
  call.write(outputRequest(31415, 27182));
  await assertStatus(done, grpc.status.CANCELLED);
}

async function timeoutOnSleepingServer({ client }) {
  const call = client.fullDuplexCall(new grpc.Metadata(), { deadline: Date.now() + 1 });
  call.write({ payload: payload(27182) });
  await assertStatus(collect(call), grpc.status.DEADLINE_EXCEEDED);
}

module.exports = {
  empty_unary: async ({ client }) => { await unary(client, 'emptyCall', {}); },
  large_unary: async ({ client }) => assertZeros((await unary(client, 'unaryCall', large())).response, LARGE_RESPONSE),
  client_streaming: ({ client }) => streamingInput(client, REQUEST_SIZES),
  server_streaming: ({ client }) => streamingOutput(client, RESPONSE_SIZES.map((size) => ({ size }))),
  ping_pong: pingPong,
  empty_stream: emptyStream,
  client_compressed_unary: clientCompressedUnary,
  client_compressed_streaming: clientCompressedStreaming,
  server_compressed_unary: serverCompressedUnary,
  server_compressed_streaming: serverCompressedStreaming,
  custom_metadata: customMetadata,
  status_code_and_message: statusCodeAndMessage,
  special_status_message: ({ client }) => assertEchoedStatus(client, SPECIAL_MESSAGE),
  unimplemented_method: ({ client }) => assertStatus(unary(client, 'unimplementedCall', {}), grpc.status.UNIMPLEMENTED),
  unimplemented_service: ({ other }) => assertStatus(unary(other, 'unimplementedCall', {}), grpc.status.UNIMPLEMENTED),
  cancel_after_begin: cancelAfterBegin,
  cancel_after_first_response: cancelAfterFirstResponse,
  timeout_on_sleeping_server: timeoutOnSleepingServer,
};
