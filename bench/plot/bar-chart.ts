export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Drawn in the colour of what is measured; the others are what it is compared with. */
  readonly isOurs: boolean;
}

const LETTER = 7.2;
const WIDTH = 520;
const STEP = 34;
const TOP = 46;

/** A chart of horizontal bars as an SVG: for documents, in light and dark. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const labels = 20 + Math.round(LETTER * Math.max(...bars.map(({ name }) => name.length), 0));
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const height = TOP + bars.length * STEP + 10;
  const drawn = bars.map(({ name, value, isOurs }, index) => {
    const y = TOP + index * STEP;
    const length = Math.max(1, Math.round((value / most) * WIDTH));
    return [
      `<text class="name" x="${labels - 10}" y="${y + 16}" text-anchor="end">${escaped(name)}</text>`,
      `<rect class="${isOurs ? 'ours' : 'other'}" x="${labels}" y="${y}" width="${length}" height="22" rx="3"/>`,
      `<text class="value" x="${labels + length + 8}" y="${y + 16}">${most < 100 ? value.toFixed(2) : value.toFixed(0)}</text>`,
    ].join('\n');
  });
  const width = Math.max(labels + WIDTH + 80, 20 + Math.round(title.length * LETTER));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
<style>
text{font:14px system-ui,sans-serif;fill:#24292f}.title{font-weight:600}.other{fill:#9aa7b4}.ours{fill:#2a7de1}
@media(prefers-color-scheme:dark){text{fill:#d6dde4}.other{fill:#5b6773}}
</style>
<text class="title" x="10" y="24">${escaped(title)}</text>
${drawn.join('\n')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}
