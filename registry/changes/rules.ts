import type { Severity } from '../severity.ts';

interface ChangeRule {
  readonly severity: Severity;
  /** Why it is of that severity, for whoever made the change. */
  readonly reason: string;
  /** What to do instead, or next. */
  readonly advice: string;
}

const rule = (severity: Severity, reason: string, advice = ''): ChangeRule => ({ severity, reason, advice });

/**
 * The one classification of changes to a published API schema, by kind of change. Stricter than graphql-js where our
 * clients are (nothing is taken away before its date), milder for optional arguments: requests that leave them out keep
 * their meaning, which tests of the subgraphs hold.
 */
export const CHANGE_RULES = {
  TYPE_REMOVED: rule('breaking', 'Documents that name the type are refused.', 'Deprecate the fields that return it, and remove it after the last live version that has it.'),
  TYPE_KIND_CHANGED: rule('breaking', 'Selections and variables of the type no longer fit.', 'Add a type of another name.'),
  TYPE_ADDED: rule('safe', 'Nobody asks for it yet.'),
  FIELD_REMOVED: rule('breaking', 'Documents that select the field are refused.', 'Keep the field, mark it @deprecated with its replacement, and remove it after the last live version that has it.'),
  FIELD_ADDED: rule('safe', 'Nobody asks for it yet.'),
  FIELD_TYPE_CHANGED: rule('breaking', 'Clients read a value of another form.', 'Add a field of another name beside it.'),
  FIELD_BECAME_NULLABLE: rule('breaking', 'Clients that rely on a value meet null.', 'Keep it non-null, or add a nullable field of another name.'),
  FIELD_BECAME_NON_NULL: rule('safe', 'Clients that expect null go on to work.'),
  ARGUMENT_REMOVED: rule('breaking', 'Documents that pass the argument are refused.', 'Keep the argument, mark it @deprecated, and ignore it.'),
  REQUIRED_ARGUMENT_ADDED: rule('breaking', 'Documents that do not pass the argument are refused.', 'Make it nullable, or give it a default that means what leaving it out meant.'),
  OPTIONAL_ARGUMENT_ADDED: rule('safe', 'Requests that leave it out mean what they meant.'),
  ARGUMENT_TYPE_CHANGED: rule('breaking', 'Values and variables that clients pass no longer fit.', 'Add an argument of another name.'),
  ARGUMENT_BECAME_REQUIRED: rule('breaking', 'Documents that do not pass the argument are refused.', 'Keep it nullable, or give it a default.'),
  ARGUMENT_BECAME_OPTIONAL: rule('safe', 'Clients that pass it go on to work.'),
  ARGUMENT_DEFAULT_CHANGED: rule('dangerous', 'Requests that leave the argument out now mean something else.', 'Tell the clients below, or keep the default.'),
  INPUT_FIELD_REMOVED: rule('breaking', 'Variables that carry the field are refused.', 'Keep the field, mark it @deprecated, and ignore it.'),
  REQUIRED_INPUT_FIELD_ADDED: rule('breaking', 'Variables without the field are refused.', 'Make it nullable, or give it a default.'),
  OPTIONAL_INPUT_FIELD_ADDED: rule('safe', 'Variables that leave it out mean what they meant.'),
  INPUT_FIELD_TYPE_CHANGED: rule('breaking', 'Variables that carry the field no longer fit.', 'Add a field of another name.'),
  INPUT_FIELD_BECAME_REQUIRED: rule('breaking', 'Variables without the field are refused.', 'Keep it nullable, or give it a default.'),
  INPUT_FIELD_BECAME_OPTIONAL: rule('safe', 'Clients that send it go on to work.'),
  INPUT_FIELD_DEFAULT_CHANGED: rule('dangerous', 'Variables that leave the field out now mean something else.', 'Tell the clients below, or keep the default.'),
  INPUT_BECAME_ONE_OF: rule('breaking', 'Variables with more or fewer than one field are refused.', 'Add an input type of another name.'),
  ENUM_VALUE_REMOVED: rule('breaking', 'Documents and variables that name the value are refused, and clients branch on it.', 'Keep the value and mark it @deprecated; stop giving it.'),
  ENUM_VALUE_ADDED: rule('dangerous', 'Clients receive a value that they do not know: those without a default branch fail.', 'Tell the clients below before the first such value is given.'),
  INPUT_ENUM_VALUE_ADDED: rule('safe', 'Clients only ever send it, and none sends it yet.'),
  UNION_MEMBER_REMOVED: rule('breaking', 'Documents with a fragment on the type are refused.', 'Keep the member; stop giving it.'),
  UNION_MEMBER_ADDED: rule('dangerous', 'Clients receive a type that they do not know.', 'Tell the clients below before the first such object is given.'),
  INTERFACE_REMOVED: rule('breaking', 'Documents that reach the type through the interface are refused.', 'Keep the interface.'),
  INTERFACE_ADDED: rule('dangerous', 'Clients of the interface receive a type that they do not know.', 'Tell the clients below.'),
  DIRECTIVE_REMOVED: rule('breaking', 'Documents that use the directive are refused.', 'Keep the directive.'),
  DIRECTIVE_ADDED: rule('safe', 'Nobody uses it yet.'),
  DEPRECATED: rule('safe', 'It works as before.', 'Tell the clients below what replaces it, and until when.'),
  DEPRECATION_WITHDRAWN: rule('safe', 'It works as before.'),
  DESCRIPTION_CHANGED: rule('safe', 'It works as before.'),
} as const satisfies Record<string, ChangeRule>; // biome-ignore format: one kind of change per line

export type ChangeKind = keyof typeof CHANGE_RULES;
