import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { projectFile } from '../../../platform/paths.ts';
import { checkPublishedStatement } from './published-statements.ts';

const amazon = (name: string) => readFileSync(projectFile('data', 'amazon-sp-api', `${name}.json`), 'utf8');
const walmart = readFileSync(projectFile('data', 'walmart-marketplace', 'payment-statement.json'), 'utf8');

it('takes the statements that add up', () => {
  expect(checkPublishedStatement(amazon('listBalances'))).toBe('AMAZON_BALANCES');
  expect(checkPublishedStatement(walmart)).toBe('WALMART_PAYMENT_STATEMENT');
});

it("refuses Amazon's summary, whose sales are not the sum of their parts", () => {
  expect(() => checkPublishedStatement(amazon('listSummary'))).toThrow(
    expect.objectContaining({
      code: 'TOTAL_MISMATCH',
      message:
        'netProceeds is stated as 8000.00 USD, but its parts add up to 7000.00 USD: a difference of -1000.00 USD.\n' +
        'netProceeds > Sales is stated as 8000.00 USD, but its parts add up to 9000.00 USD: a difference of 1000.00 USD.',
    }),
  );
});

it.each([
  ['3866.61', '3866.60', 'saleAggregate'],
  ['"closingBalance": 2370.87', '"closingBalance": 2370.88', 'closingBalance'],
  ['-71.25', '-71.26', 'wfs'],
  ['"totalBaseCommission": -572.99', '"totalBaseCommission": -572.98', 'netComm'],
])("refuses Walmart's with %s changed to %s", (from, to, name) => {
  expect(walmart).toContain(from);
  expect(() => checkPublishedStatement(walmart.replace(from, to))).toThrow(
    expect.objectContaining({ code: 'TOTAL_MISMATCH', message: expect.stringContaining(`${name} is stated as`) }),
  );
});

it('refuses a document that is no statement', () => {
  expect(() => checkPublishedStatement(amazon('listPayouts'))).toThrow(expect.objectContaining({ code: 'UNREADABLE' }));
  expect(() => checkPublishedStatement('{"balances": [')).toThrow(expect.objectContaining({ code: 'UNREADABLE' }));
});
