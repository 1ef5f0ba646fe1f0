'use strict';
// The interop service and the ping-pong service over grpc-js.

const grpc = require('@grpc/grpc-js');

const ECHO_INITIAL = 'x-grpc-test-echo-initial';
const ECHO_TRAILING = 'x-grpc-test-echo-trailing-bin';

const payload = (size) => ({ type: 'COMPRESSABLE', body: Buffer.alloc(size) });

/** Sends the initial metadata that the caller asked for and returns the trailing metadata that it asked for. */
function echoMetadata(call) {
  const trailer = new grpc.Metadata();
  const [initial] = call.metadata.get(ECHO_INITIAL);
  if (initial !== undefined) {
    const header = new grpc.Metadata();
    header.set(ECHO_INITIAL, initial);
    call.sendMetadata(header);
  }
  const [trailing] = call.metadata.get(ECHO_TRAILING);
  if (trailing !== undefined) trailer.set(ECHO_TRAILING, trailing);
  return trailer;
}

function echoedStatus(request) {
  const status = request.response_status;
  return status && status.code ? { code: status.code, details: status.message } : null;
}

function emptyCall(call, callback) {
  callback(null, {}, echoMetadata(call));
}

// grpc-js neither tells a handler whether a message came compressed nor compresses responses itself, so
// expect_compressed is not checked and response_compressed is answered uncompressed, which the contract allows.
function unaryCall(call, callback) {
  const trailer = echoMetadata(call);
  const error = echoedStatus(call.request);
  if (error) callback({ ...error, metadata: trailer });
  else callback(null, { payload: payload(call.request.response_size) }, trailer);
}

function streamingInputCall(call, callback) {
  let total = 0;
  call.on('data', (request) => { total += request.payload ? request.payload.body.length : 0; });
  call.on('end', () => callback(null, { aggregated_payload_size: total }));
}

async function respond(call, request) {
  for (const parameters of request.response_parameters) {
    await new Promise((resolve) => setTimeout(resolve, parameters.interval_us / 1000));
    if (!call.write({ payload: payload(parameters.size) })) await new Promise((resolve) => call.once('drain', resolve));
  }
}

async function streamingOutputCall(call) {
  await respond(call, call.request);
  call.end();
}

function fullDuplexCall(call) {
  const trailer = echoMetadata(call);
  let last = Promise.resolve();
  call.on('data', (request) => {
    const error = echoedStatus(request);
    last = last.then(() => (error ? call.emit('error', { ...error, metadata: trailer }) : respond(call, request)));
  });
  call.on('end', () => last.then(() => call.end(trailer)));
}

const once = (call, callback) => callback(null, call.request);

function stream(call) {
  call.on('data', (ping) => call.write(ping));
  call.on('end', () => call.end());
}

module.exports = {
  testService: { emptyCall, unaryCall, streamingInputCall, streamingOutputCall, fullDuplexCall },
  pingPong: { once, stream },
  ECHO_INITIAL,
  ECHO_TRAILING,
};
