import { connect, createServer, type Socket } from 'node:net';

export interface CutConnection {
  /** The database through the cutting proxy. */
  readonly url: string;
  /** Connections that were cut. */
  cuts(): number;
  close(): Promise<void>;
}

/**
 * A proxy to the database that cuts one connection at its first COMMIT: `before` the server gets it, or `after` the
 * server has answered it, so that the client cannot know. Everything later goes through.
 */
export async function cutAtCommit(databaseUrl: string, when: 'before' | 'after'): Promise<CutConnection> {
  const target = new URL(databaseUrl);
  const open = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let committing = false;
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        open.delete(socket);
        end();
      });
    }
    const cut = () => {
      cuts++;
      end();
    };
    client.on('data', (data) => {
      committing ||= cuts === 0 && /commit/i.test(data.toString('latin1'));
      if (committing && when === 'before') return cut();
      return upstream.write(data);
    });
    upstream.on('data', (data) => (committing ? cut() : client.write(data)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(server.address() as { port: number }).port}`;
  return {
    url: url.href,
    cuts: () => cuts,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
