import type { Place } from './answer-policy.ts';
import { anyTag, entityTag } from './changes.ts';

/** What the data of an answer depends on. */
export class AnswerTags {
  readonly #subgraph: string;
  readonly #tags = new Set<string>();

  constructor(subgraph: string) {
    this.#subgraph = subgraph;
  }

  get list(): string[] {
    return [...this.#tags];
  }

  addAny(): void {
    this.#tags.add(anyTag(this.#subgraph));
  }

  addEntity(type: string, key: string): void {
    this.#tags.add(entityTag(this.#subgraph, type, key));
  }

  /** @param data an object of the answer, with the places in it */
  addFrom(data: unknown, places: readonly Place[]): void {
    if (!isRecord(data)) return;
    for (const place of places) this.#addAt(data[place.name], place);
  }

  #addAt(value: unknown, place: Place): void {
    if (Array.isArray(value)) {
      for (const item of value) this.#addAt(item, place);
      return;
    }
    if (!isRecord(value)) {
      if (place.couldBeAny) this.addAny();
      return;
    }
    if (place.entity) {
      const { type, keyName } = place.entity;
      const key = keyName === null ? undefined : value[keyName];
      if (typeof key === 'string') this.addEntity(type, key);
      else this.addAny();
    }
    this.addFrom(value, place.inside);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
