// A TCP relay in front of a server that does to connections what networks do to them. It listens on the
// server's own port at `::1`, so that the server is addressed as itself.
import net from 'node:net';

export class Relay {
  #server;
  #sockets = new Set();
  /** The rule for connections from now on; see `rules`. */
  rule = rules.pass();
  connections = 0;

  constructor(target) {
    this.target = target;
    this.#server = net.createServer((near) => this.#join(near));
  }

  async listen(port) {
    await new Promise((resolve) => this.#server.listen(port, '::1', resolve));
    this.port = this.#server.address().port;
    return this;
  }

  #join(near) {
    this.connections += 1;
    const rule = this.rule;
    this.#keep(near);
    if (rule.refuse) return void near.resetAndDestroy();
    if (rule.hold) return;
    const far = net.connect(this.target, '127.0.0.1');
    this.#keep(far);
    near.on('data', (chunk) => { if (!this.rule.frozen) far.write(chunk); });
    near.on('close', () => far.destroy());
    near.on('end', () => far.end());
    far.on('end', () => near.end());
    far.on('close', () => near.destroy());
    let seen = 0;
    far.on('data', (chunk) => {
      if (this.rule.frozen) return;
      const { cutAfter, reset, drip } = this.rule;
      if (cutAfter !== undefined && seen + chunk.length >= cutAfter) {
        const left = chunk.subarray(0, Math.max(0, cutAfter - seen));
        seen += left.length;
        near.write(left, () => (reset ? near.resetAndDestroy() : near.destroy()));
        far.destroy();
        return;
      }
      seen += chunk.length;
      if (drip) return void this.#drip(near, chunk, this.rule);
      near.write(chunk);
    });
  }

  /** Byte by byte, in order with what is dripping already. */
  #drip(near, chunk, { drip, crawls }) {
    near.dripping = (near.dripping ?? Promise.resolve()).then(async () => {
      for (const byte of chunk.subarray(0, crawls)) {
        if (near.destroyed) return;
        near.write(Buffer.of(byte));
        await new Promise((resolve) => setTimeout(resolve, drip));
      }
      if (!near.destroyed) near.write(chunk.subarray(crawls));
    });
  }

  #keep(socket) {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  /** Breaks every connection there is. */
  cut({ reset = false } = {}) {
    for (const socket of this.#sockets) reset ? socket.resetAndDestroy() : socket.destroy();
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export const rules = {
  pass: () => ({}),
  /** Connections are reset at once. */
  refuse: () => ({ refuse: true }),
  /** Connections are taken and nothing is ever said on them. */
  hold: () => ({ hold: true }),
  /** Open connections stay open and carry nothing any more. */
  freeze: () => ({ frozen: true }),
  /** The answer breaks off after so many bytes of the connection. */
  cutAfter: (bytes, reset = false) => ({ cutAfter: bytes, reset }),
  /** Answers come byte by byte, with this pause in milliseconds; of each chunk no more than so many bytes. */
  drip: (pause, crawls = Infinity) => ({ drip: pause, crawls }),
};
