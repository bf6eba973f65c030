import type { Knex } from 'knex';

/** One statement on its way from a pool to the server. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Process id of the server's side of the connection. */
  readonly backend: number;
}

/** What pg answers; only as much of it as a test may want to make up. */
export interface Answer {
  rows: Record<string, unknown>[];
  rowCount: number;
}

/** Sees every statement, and decides when, whether and as what it is sent. */
export type Interposer = (statement: Statement, send: (text?: string) => Promise<Answer>) => Promise<Answer>;

interface Connection {
  readonly processID: number;
  query(sent: Sent, callback: Callback): unknown;
}
interface Sent {
  readonly text: string;
  readonly values?: readonly unknown[];
}
type Callback = (error: unknown, answer?: Answer) => void;

/**
 * Stands between a pool and the server, in transactions too: knex gives a transaction a client of its own, but the
 * connection is the same. Call it before the pool's first statement.
 */
export function interpose(knex: Knex, interposer: Interposer): void {
  const client = knex.client as { acquireRawConnection(): Promise<Connection> };
  const acquire = client.acquireRawConnection.bind(client);
  client.acquireRawConnection = async () => {
    const connection = await acquire();
    const query = connection.query.bind(connection);
    connection.query = (sent: Sent | string, callback?: Callback) => {
      // knex asks the server's version once by text; what it does with the connection itself is none of ours.
      if (typeof sent === 'string' || !callback) return query(sent as never, callback as never);
      const send = (text = sent.text) =>
        new Promise<Answer>((resolve, reject) => {
          query({ ...sent, text }, (error, answer) => (error ? reject(error) : resolve(answer as Answer)));
        });
      const statement = { text: sent.text, values: sent.values ?? [], backend: connection.processID };
      interposer(statement, send).then(
        (answer) => callback(null, answer),
        (error: unknown) => callback(error),
      );
      return undefined;
    };
    return connection;
  };
}
