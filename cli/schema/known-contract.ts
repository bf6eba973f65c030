import { type ContractDefinition, readContracts } from '../../registry/contracts.ts';
import { usage } from '../failure.ts';

/**
 * A contract that somebody names on the command line: a misspelt one must not look like one that has nothing to report.
 * @throws CommandFailure USAGE with those that there are
 */
export function knownContract(name: string): ContractDefinition {
  const contracts = readContracts();
  const found = contracts.find((contract) => contract.name === name);
  if (!found)
    throw usage(
      `There is no contract ${JSON.stringify(name)}: there is ${contracts.map((each) => each.name).join(', ')}.`,
    );
  return found;
}
