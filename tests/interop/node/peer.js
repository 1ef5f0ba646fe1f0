'use strict';
// A gRPC peer on grpc-js, driven over its standard streams; ../README.md says what it reads and writes.

const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');
const cases = require('./cases');
const { measure } = require('./measure');
const service = require('./service');

const protos = path.join(__dirname, '..', 'protos');
const load = (file) => grpc.loadPackageDefinition(
  protoLoader.loadSync(path.join(protos, file), { keepCase: true, enums: String, defaults: true, oneofs: true }));
const { TestService, UnimplementedService } = load('interop.proto').grpc.testing;
const { PingPong } = load('ping.proto').collm.bench;
const report = (value) => process.stdout.write(JSON.stringify(value) + '\n');

function bind(server, address, credentials) {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => (error ? reject(error) : resolve(port)));
  });
}

async function serve(unixPath, certificate, key) {
  const server = new grpc.Server();
  server.addService(TestService.service, service.testService);
  server.addService(PingPong.service, service.pingPong);
  const insecure = grpc.ServerCredentials.createInsecure();
  const plain = await bind(server, '127.0.0.1:0', insecure);
  await bind(server, 'unix:' + unixPath, insecure);
  const tls = certificate ? await bind(server, '127.0.0.1:0', serverCredentials(certificate, key)) : null;
  report({ plain, tls });
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
}

function serverCredentials(certificate, key) {
  const pair = { cert_chain: fs.readFileSync(certificate), private_key: fs.readFileSync(key) };
  return grpc.ServerCredentials.createSsl(null, [pair]);
}

function credentials(certificate) {
  return certificate ? grpc.credentials.createSsl(fs.readFileSync(certificate)) : grpc.credentials.createInsecure();
}

function connect(target, certificate) {
  const security = credentials(certificate);
  const gzip = { 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip };
  return {
    client: new TestService(target, security),
    gzipClient: new TestService(target, security, gzip),
    other: new UnimplementedService(target, security),
  };
}

async function runCases() {
  report({ ready: true });
  const connections = new Map();
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [name, ...where] = line.trim().split(' ');
    const key = where.join(' ');
    try {
      if (!connections.has(key)) connections.set(key, connect(...where));
      await cases[name](connections.get(key));
      report({ case: name, error: null });
    } catch (error) {
      report({ case: name, error: String(error.stack || error.message || error) });
    }
  }
  process.exit(0);
}

async function runMeasurements(target) {
  const answer = measure(new PingPong(target, grpc.credentials.createInsecure()));
  report({ ready: true });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [kind, ...numbers] = line.trim().split(' ');
    report(await answer(kind, ...numbers.map(Number)));
  }
  process.exit(0);
}

const [mode, ...rest] = process.argv.slice(2);
({ server: serve, client: runCases, measure: runMeasurements })[mode](...rest);
