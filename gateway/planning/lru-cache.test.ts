import { expect, it } from '@jest/globals';
import { LruCache } from './lru-cache.ts';

it('forgets what was not used for longest', () => {
  const cache = new LruCache<number>(2);
  cache.set('a', 1);
  cache.set('b', 2);
  cache.get('a');
  cache.set('c', 3);
  expect([cache.get('a'), cache.get('b'), cache.get('c'), cache.size]).toEqual([1, undefined, 3, 2]);
});

it('holds no more text than it may, however few entries that leaves', () => {
  const cache = new LruCache<number>(100, 10);
  for (const [index, key] of ['aaaa', 'bbbb', 'cccc'].entries()) cache.set(key, index);
  expect([cache.get('aaaa'), cache.get('bbbb'), cache.get('cccc')]).toEqual([undefined, 1, 2]);
  cache.set('d'.repeat(50), 3);
  expect([cache.size, cache.get('d'.repeat(50))]).toEqual([1, 3]);
  cache.set('e', 4);
  expect([cache.size, cache.get('e')]).toEqual([1, 4]);
});

it('counts an entry that is set again once', () => {
  const cache = new LruCache<number>(100, 10);
  for (let value = 0; value < 5; value++) cache.set('aaaa', value);
  cache.set('bbbb', 9);
  expect([cache.get('aaaa'), cache.get('bbbb')]).toEqual([4, 9]);
});

it('refuses a limit that would hold nothing', () => {
  expect(() => new LruCache(0)).toThrow(/not a cache limit: 0/);
});
