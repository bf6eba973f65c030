import { readFile } from 'node:fs/promises';
import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';

const TIMEOUT_MILLIS = 5_000;
const MAX_CHARACTERS = 512 * 1024;

const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/**
 * Reads JSON Web Key Sets and puts them together.
 * @param places URLs, or paths of files
 * @throws Error when one of them cannot be read: half of the keys would refuse half of the tokens
 */
export async function loadKeys(places: readonly string[]): Promise<JSONWebKeySet> {
  const sets = await Promise.all(places.map(async (place) => keySetSchema.parse(JSON.parse(await read(place)))));
  return { keys: sets.flatMap(({ keys }) => keys) } as JSONWebKeySet;
}

async function read(place: string): Promise<string> {
  if (!/^https?:/.test(place)) return readFile(place, 'utf8');
  // A redirect could lead anywhere, also into our own network.
  const response = await fetch(place, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MILLIS) });
  if (!response.ok) throw new Error(`answered ${response.status}`);
  let text = '';
  for await (const part of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.length > MAX_CHARACTERS) throw new Error('too long');
  }
  return text;
}
