import { expect, it } from '@jest/globals';
import { readAccept } from './accepted-stream.ts';

it.each<[string | undefined, ReturnType<typeof readAccept>]>([
  [undefined, { stream: null, json: true }],
  ['', { stream: null, json: false }],
  ['*/*', { stream: null, json: true }],
  ['application/json', { stream: null, json: true }],
  ['text/event-stream', { stream: 'sse', json: false }],
  ['Text/Event-Stream; charset=utf-8', { stream: 'sse', json: false }],
  ['text/event-stream;q=0', { stream: null, json: false }],
  [
    'application/graphql-response+json, application/json, text/event-stream, multipart/mixed',
    { stream: 'sse', json: true },
  ],
  [
    'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json;q=0.9',
    { stream: 'multipart', json: true },
  ],
  ['multipart/mixed;boundary="a,b";subscriptionSpec="1.0"', { stream: 'multipart', json: false }],
  ['multipart/mixed;subscriptionSpec=2.0', { stream: null, json: false }],
  ['multipart/mixed;subscriptionSpec=1.0;q=0.5, text/event-stream;q=0.8', { stream: 'sse', json: false }],
  ['multipart/mixed;subscriptionSpec=1.0, text/event-stream', { stream: 'multipart', json: false }],
  ['text/html, image/png', { stream: null, json: false }],
])('reads accept: %s', (header, expected) => {
  expect(readAccept(header)).toEqual(expected);
});
