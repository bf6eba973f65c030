import { expect, it } from '@jest/globals';
import { sharedTitle, tidyTitle, wordsBeside } from './titles.ts';

it.each([
  ['WHITE METAL LANTERN', 'White Metal Lantern'],
  ['WHITE HANGING HEART T-LIGHT HOLDER', 'White Hanging Heart T-Light Holder'],
  ["CHILDREN'S SPACEBOY MUG", "Children's Spaceboy Mug"],
  ['SET OF 3 COLOURED  FLYING DUCKS', 'Set of 3 Coloured Flying Ducks'],
  ['RED WOOLLY HOTTIE WHITE HEART.', 'Red Woolly Hottie White Heart'],
  ['POLYESTER FILLER PAD 45x45cm', 'Polyester Filler Pad 45x45cm'],
  ['3D SHEET OF DOG STICKERS', '3D Sheet of Dog Stickers'],
  ['METAL SIGN,CUPCAKE SINGLE HOOK', 'Metal Sign, Cupcake Single Hook'],
  ['IN THE BAG', 'In the Bag'],
])('writes %s as %s', (description, title) => {
  expect(tidyTitle(description)).toBe(title);
});

it('names a style group by the words its titles share', () => {
  const titles = ['Red 3 Piece Retrospot Cutlery Set', 'Blue 3 Piece Polkadot Cutlery Set'];
  expect(sharedTitle(titles)).toBe('3 Piece Cutlery Set');
  expect(titles.map((title) => wordsBeside('3 Piece Cutlery Set', title))).toEqual(['Red Retrospot', 'Blue Polkadot']);
});

it('finds no name in titles that share one word or only small ones', () => {
  expect(sharedTitle(['Traditional Christmas Ribbons', 'Lush Greens Ribbons'])).toBeNull();
  expect(sharedTitle(['A Box of Tea', 'A Tin of Tea'])).toBeNull();
});
