import type { SampleMaterialGroup } from './model.ts';

interface Assortment extends SampleMaterialGroup {
  /** A description with one of these words belongs here; the first assortment that matches wins. */
  readonly words: readonly string[];
}

/** Top of the hierarchy. */
const RANGES: readonly SampleMaterialGroup[] = [
  { groupNo: 'R1', text: 'Home', parentGroupNo: null },
  { groupNo: 'R2', text: 'Kitchen and Table', parentGroupNo: null },
  { groupNo: 'R3', text: 'Celebrations and Paper', parentGroupNo: null },
  { groupNo: 'R4', text: 'Personal', parentGroupNo: null },
];

/** Everything that no word places. */
const REST: SampleMaterialGroup = { groupNo: 'R490', text: 'Gifts and Curiosities', parentGroupNo: 'R4' };

/** In order of precedence: a Christmas candle is Christmas, a candle in a mug is a candle. */
const ASSORTMENTS: readonly Assortment[] = [
  assortment('R310', 'Christmas', 'CHRISTMAS XMAS ADVENT SANTA REINDEER RUDOLPH SNOWFLAKE SNOWMAN SNOW BAUBLE BAUBLES NOEL'),
  assortment('R110', 'Candles and Lights', 'LANTERN LANTERNS LIGHT LIGHTS T-LIGHT T-LIGHTS TEALIGHT CANDLE CANDLES CANDLESTICK CANDLEPOT CANDLEHOLDER LAMP LAMPSHADE CHANDELIER INCENSE VOTIVE'),
  assortment('R430', 'Jewellery', 'NECKLACE BRACELET EARRINGS EARRING BROOCH BANGLE DIAMANTE CHARM PENDANT JEWELLERY RING HAIR'),
  assortment('R410', 'Bags and Purses', 'BAG BAGS SHOPPER PURSE HANDBAG LUGGAGE WALLET RUCKSACK BACKPACK UMBRELLA PARASOL PASSPORT'),
  assortment('R320', 'Cards and Wrapping', 'CARD CARDS WRAP RIBBON RIBBONS TAPE TISSUE TISSUES TAG TAGS POSTCARD ENVELOPE'),
  assortment('R330', 'Party', 'PARTY BUNTING GARLAND BALLOON BALLOONS BIRTHDAY NAPKIN NAPKINS STREAMER CONFETTI HONEYCOMB EASTER'),
  assortment('R210', 'Mugs, Cups and Tea', 'MUG MUGS CUP CUPS TEACUP SAUCER TEAPOT TEA COFFEE BEAKER TUMBLER'),
  assortment('R220', 'Baking and Table', 'CAKE CAKESTAND CAKES BAKING BOWL BOWLS PLATE PLATES DISH CUTLERY TRAY PLACEMAT PLACEMATS COASTER COASTERS JUG BREAD EGG SPOON SPOONS GLASS KITCHEN OVEN CUTTERS RECIPE LUNCH DINNER APRON SCALES JELLY PAN'),
  assortment('R340', 'Stationery', 'NOTEBOOK PENCIL PENCILS PEN PENS STICKER STICKERS ERASER ERASERS RULER SKETCHBOOK JOURNAL MEMO BOOK PAPER NOTEPAD CALCULATOR'),
  assortment('R420', 'Toys and Children', 'TOY TOYS GAME GAMES DOLL DOLLY JIGSAW PLAYING CARDS CHILDRENS CHILDS CHILDREN BABY SKITTLES DOMINO DINOSAUR SOLDIER PUPPET FELTCRAFT MAGIC KIT CRAFT'),
  assortment('R120', 'Textiles and Warmth', 'CUSHION DOORMAT QUILT THROW RUG BLANKET TOWEL COSY HOTTIE HOT WARMER FABRIC CURTAIN SLIPPERS SCARF DOORSTOP'),
  assortment('R130', 'Storage and Boxes', 'BOX BOXES TIN TINS BASKET DRAWER DRAWERS CABINET JAR STORAGE TRINKET CRATE RACK SHELF CHEST'),
  assortment('R140', 'Garden', 'GARDEN PLANT PLANTER FLOWER FLOWERS BIRD BIRDS BIRDCAGE WATERING POT VASE WREATH HERB'),
  assortment('R150', 'Pictures, Signs and Decoration', 'SIGN FRAME FRAMES CLOCK MIRROR HOOK HOOKS KNOB PICTURE PHOTO WALL DECORATION HANGING HANGER HEART HEARTS STAR ORNAMENT ART MAGNET MAGNETS LETTER DOORSIGN TILE METAL'),
]; // biome-ignore format: a table

/** All groups, parents first. */
export const MATERIAL_GROUPS: readonly SampleMaterialGroup[] = [
  ...RANGES,
  ...ASSORTMENTS.map(({ groupNo, text, parentGroupNo }) => ({ groupNo, text, parentGroupNo })),
  REST,
];

/** The group of a material, by the words of its description in the source. */
export function materialGroupOf(description: string): SampleMaterialGroup {
  const words = new Set(description.toUpperCase().split(/[^\p{L}\p{N}-]+/u));
  return ASSORTMENTS.find((candidate) => candidate.words.some((word) => words.has(word))) ?? REST;
}

function assortment(groupNo: string, text: string, words: string): Assortment {
  return { groupNo, text, parentGroupNo: groupNo.slice(0, 2), words: words.split(' ') };
}
