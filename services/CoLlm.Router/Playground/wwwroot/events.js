// Server-sent events out of the bytes of a response, wherever the network has cut them.

/** Most characters that one event may have. */
const MAX_EVENT = 1 << 20;

/**
 * Yields the data of the events that are complete, as many at a time as came together.
 * @param {ReadableStream<Uint8Array>} stream
 * @returns {AsyncGenerator<string[]>}
 */
export async function* dataOf(stream) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      text += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const events = text.split('\n\n');
      text = events.pop();
      if (text.length > MAX_EVENT) throw new RangeError('The router sent an event that is longer than this page reads.');
      const data = events.map(dataOfEvent).filter((item) => item.length > 0);
      if (data.length > 0) yield data;
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {}); // What is left unread would keep the connection.
  }
}

function dataOfEvent(event) {
  return event.split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice('data:'.length).trimStart()).join('\n');
}
