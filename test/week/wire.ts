import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const SLICES_PER_SECOND = 10;

/** A wire to a system of record, over which its answers can be made to trickle. */
export interface Wire {
  readonly url: string;
  /** Bytes per second that come back on each connection. Null: as fast as they come. */
  setRate(bytesPerSecond: number | null): void;
  close(): void;
}

/** @param port of the system, which may be started later */
export async function openWire(port: number): Promise<Wire> {
  let rate: number | null = null;
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const system = connect(port, '127.0.0.1');
    for (const [one, other] of [[client, system], [system, client]] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    } // biome-ignore format: one thought
    client.pipe(system);
    system.on('data', (data) => {
      if (rate === null) return void client.write(data);
      system.pause();
      trickle(client, data, Math.max(1, Math.floor(rate / SLICES_PER_SECOND)), () => system.resume());
    });
    system.on('end', () => client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setRate(bytesPerSecond) {
      rate = bytesPerSecond;
      // What trickles on an old connection would go on to.
      if (rate === null) for (const socket of open) socket.destroy();
    },
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function trickle(client: Socket, data: Buffer, slice: number, done: () => void): void {
  if (client.destroyed) return;
  client.write(data.subarray(0, slice));
  const rest = data.subarray(slice);
  setTimeout(() => (rest.length > 0 ? trickle(client, rest, slice, done) : done()), 1_000 / SLICES_PER_SECOND);
}
