'use strict';
// The client of the transport benchmark over grpc-js.

/** Makes an answerer of `stream COUNT` (microseconds of each exchange) and `unary COUNT CONCURRENCY` (of all together). */
function measure(client) {
  const ping = { body: Buffer.alloc(64, 42) };
  const call = client.stream();
  let answered = () => {};
  call.on('data', () => answered());
  call.on('error', (error) => { if (error.code !== 1) throw error; });

  const microseconds = (start) => Number(process.hrtime.bigint() - start) / 1000;

  const exchanges = (count) => new Promise((resolve) => {
    const samples = [];
    let start = 0n;
    const next = () => {
      if (samples.length === count) return resolve(samples);
      start = process.hrtime.bigint();
      call.write(ping);
    };
    answered = () => { samples.push(microseconds(start)); next(); };
    next();
  });

  const unary = (count, concurrency) => new Promise((resolve, reject) => {
    const start = process.hrtime.bigint();
    let begun = 0;
    let finished = 0;
    const next = () => {
      if (begun === count) return;
      begun++;
      client.once(ping, (error) => {
        if (error) return reject(error);
        if (++finished === count) resolve([microseconds(start)]);
        else next();
      });
    };
    for (let i = 0; i < concurrency; i++) next();
  });

  return (kind, ...numbers) => (kind === 'stream' ? exchanges(...numbers) : unary(...numbers));
}

module.exports = { measure };
