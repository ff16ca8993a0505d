/** An HTTP server that plays an index of packages on this machine, and misbehaves where a test asks it to. */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import { sha256 } from './make-wheel.js';

export interface ServedFile {
  name: string;
  data: Buffer;
  /** What the page says in place of the truth; null for nothing. */
  hash?: string | null;
  size?: number;
  /** Served beside it where the index serves such files. */
  metadata?: string;
  /** Answers in place of the usual reply. */
  answer?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
}

export interface Asked {
  path: string;
  range: string | undefined;
  authorization: string | undefined;
}

export interface Index {
  /** Address of the simple index. */
  url: string;
  origin: string;
  asked: Asked[];
  files: ServedFile[];
  /** The pages are JSON (PEP 691) or HTML (PEP 503). */
  json: boolean;
  /** Whether METADATA is served beside the wheels (PEP 658). */
  metadata: boolean;
  /** Answers any request before the rest. @returns whether it did */
  first: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
}

const open: Server[] = [];
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await Promise.all(open.splice(0).map((server) => new Promise((done) => server.close(done))));
});

async function listen(server: Server): Promise<string> {
  open.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function startIndex(files: ServedFile[]): Promise<Index> {
  const index: Index = { url: '', origin: '', asked: [], files, json: true, metadata: false, first: undefined };
  const server = createServer((request, response) => {
    const { range, authorization } = request.headers;
    index.asked.push({ path: request.url!, range, authorization });
    if (index.first?.(request, response)) return;
    const project = /^\/simple\/([\w-]+)\/$/.exec(request.url!)?.[1];
    if (project !== undefined) return sendPage(index, project, response);
    const wanted = decodeURIComponent(request.url!);
    const described = index.metadata && index.files.find(({ name }) => wanted === `/files/${name}.metadata`);
    if (described) return void response.end(described.metadata ?? '');
    const file = index.files.find(({ name }) => wanted === `/files/${name}`);
    if (!file) return void response.writeHead(404).end();
    if (file.answer) return file.answer(request, response);
    sendFile(file.data, request, response);
  });
  index.origin = await listen(server);
  index.url = `${index.origin}/simple/`;
  return index;
}

function sendPage(index: Index, project: string, response: ServerResponse): void {
  const own = index.files.filter(({ name }) => name.split('-')[0]!.replaceAll('_', '-') === project);
  if (own.length === 0) return void response.writeHead(404).end();
  const hashOf = ({ hash, data }: ServedFile): string | null => (hash === undefined ? sha256(data) : hash);
  if (index.json) {
    response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' });
    const files = own.map((file) => ({
      filename: file.name,
      url: `../../files/${file.name}`,
      hashes: hashOf(file) === null ? {} : { sha256: hashOf(file) },
      size: file.size ?? file.data.length,
      'core-metadata': index.metadata && file.metadata !== undefined,
    }));
    return void response.end(JSON.stringify({ meta: { 'api-version': '1.1' }, name: project, files }));
  }
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  const links = own.map((file) => {
    const hash = hashOf(file);
    return `<a href="../../files/${encodeURIComponent(file.name)}${hash === null ? '' : `#sha256=${hash}`}">${file.name}</a><br/>`;
  });
  response.end(`<!DOCTYPE html><html><body>${links.join('\n')}</body></html>`);
}

export function sendFile(data: Buffer, request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN);
  const to = Number(/^bytes=\d+-(\d+)$/.exec(request.headers.range ?? '')?.[1] ?? data.length - 1);
  if (Number.isNaN(from)) {
    response.writeHead(200, { 'content-length': data.length, 'accept-ranges': 'bytes' });
    return void response.end(data);
  }
  if (from >= data.length) return void response.writeHead(416, { 'content-range': `bytes */${data.length}` }).end();
  const part = data.subarray(from, to + 1);
  const range = `bytes ${from}-${from + part.length - 1}/${data.length}`;
  response.writeHead(206, { 'content-length': part.length, 'content-range': range });
  response.end(part);
}

/**
 * Sends the beginning of what was asked for and cuts the connection.
 *
 * @param there bytes that the client has written down; without it, it may have read none of what was sent
 */
export function cutAfter(data: Buffer, bytes: number, there?: () => number): NonNullable<ServedFile['answer']> {
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const range = `bytes ${from}-${data.length - 1}/${data.length}`;
    const length = { 'content-length': data.length - from };
    response.writeHead(from > 0 ? 206 : 200, from > 0 ? { ...length, 'content-range': range } : length);
    response.write(data.subarray(from, from + bytes));
    const cut = (): void => {
      if (!there || there() >= from + bytes) response.destroy();
      else setTimeout(cut, 10);
    };
    setTimeout(cut, 10);
  };
}

/** A proxy for pages of http and tunnels to https. */
export async function startProxy(user?: string): Promise<{ url: string; passed: string[] }> {
  const passed: string[] = [];
  const wanted = user && `Basic ${Buffer.from(user).toString('base64')}`;
  const server = createServer((from, response) => {
    if (wanted && from.headers['proxy-authorization'] !== wanted) return void response.writeHead(407).end();
    passed.push(from.url!);
    const { host, 'proxy-authorization': _, ...headers } = from.headers;
    const onward = request(from.url!, { headers: { ...headers, host: host! } }, (reply) => {
      response.writeHead(reply.statusCode!, reply.headers);
      reply.pipe(response);
    });
    onward.end();
  });
  server.on('connect', (from, socket: Socket) => {
    passed.push(from.url!);
    const [host, port] = from.url!.split(':') as [string, string];
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on('error', () => {});
  });
  return { url: await listen(server), passed };
}
