/** Starts a gateway on a free port. @returns the port */
export type StartGateway = (supergraph: string) => Promise<number>;

export const LOCAL = '127.0.0.1';
