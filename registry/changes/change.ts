import type { ChangeKind } from './rules.ts';

/** One difference between two API schemas. */
export interface SchemaChange {
  readonly kind: ChangeKind;
  /** Schema coordinate of what changed: `Type`, `Type.field`, `Type.field(argument:)`, `Enum.VALUE`, `@directive`. */
  readonly coordinate: string;
  /** What happened, in a sentence. */
  readonly message: string;
  /** The part that tells this change from another one of the same kind at the same place, such as `Int → String`. */
  readonly detail: string;
}
