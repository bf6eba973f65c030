/**
 * Something in the registry's files is wrong or missing. The message is for the person who can repair it; it names the
 * file and what would be right.
 */
export class RegistryError extends Error {
  /** Lets the command line show the message instead of a stack, without knowing this class. */
  readonly forPeople = true;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RegistryError';
  }
}

/** What somebody asked the registry to take is not acceptable; nothing around it is missing or wrong. */
export class RegistryRefusal extends RegistryError {
  /** Lets the command line tell it from trouble around the command. */
  readonly refused = true;
}
