// Serves a folder on a free port of the loopback interface; prints the port. `serve.mjs FOLDER`
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';

const server = createServer((request, response) => {
  const file = createReadStream(join(process.argv[2], normalize(new URL(request.url, 'http://x').pathname)));
  file.on('error', () => response.writeHead(404).end());
  file.on('open', () => file.pipe(response));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
