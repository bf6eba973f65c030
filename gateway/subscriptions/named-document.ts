/**
 * graphql-transport-ws wants a `query` in every `subscribe` message, and graphql-ws ends the connection without one. An
 * operation that names its document by a hash has none: it gets an empty one, which the guards replace by the document.
 *
 * @param text a message as it came
 * @returns the message for graphql-ws; what is no such operation stays as it is
 */
export function withEmptyQuery(text: string): string {
  if (!text.includes('"subscribe"') || !/"documentId"|"persistedQuery"/.test(text)) return text;
  const message = read(text);
  const { payload } = message ?? {};
  if (message?.type !== 'subscribe' || typeof payload !== 'object' || payload === null || 'query' in payload)
    return text;
  return JSON.stringify({ ...message, payload: { ...payload, query: '' } });
}

function read(text: string): { readonly type?: unknown; readonly payload?: unknown } | null {
  try {
    return JSON.parse(text) as { type?: unknown; payload?: unknown } | null;
  } catch {
    return null; // said by graphql-ws
  }
}
