/** The text of a request to a subgraph, prepared once for all the times it is sent. */
export interface FetchOperation {
  readonly text: string;
  readonly name: string | undefined;
  /** Whether it may be sent again without harm. */
  readonly isRead: boolean;
  /** The body over HTTP up to its variables: to escape a query anew for each request costs more than all else in it. */
  readonly bodyHead: string;
}

export function fetchOperation(text: string, name: string | undefined): FetchOperation {
  const named = name === undefined ? '' : `,"operationName":${JSON.stringify(name)}`;
  return {
    text,
    name,
    isRead: !text.startsWith('mutation'),
    bodyHead: `{"query":${JSON.stringify(text)}${named},"variables":`,
  };
}

/** The whole body, as GraphQL over HTTP wants it. */
export function requestBody({ bodyHead }: FetchOperation, variables: Readonly<Record<string, unknown>>): string {
  return `${bodyHead}${JSON.stringify(variables)}}`;
}
