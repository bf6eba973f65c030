export interface Bar {
  readonly name: string;
  readonly value: number;
}

const LABELS = 130;
const WIDTH = 560;
const STEP = 34;
const TOP = 46;

/** A chart of horizontal bars as an SVG: for documents, in light and dark. Values with two digits. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const height = TOP + bars.length * STEP + 10;
  const drawn = bars.map(({ name, value }, index) => {
    const y = TOP + index * STEP;
    const length = Math.max(1, Math.round((value / most) * WIDTH));
    return [
      `<text class="name" x="${LABELS - 10}" y="${y + 16}" text-anchor="end">${escaped(name)}</text>`,
      `<rect class="${name === 'ours' ? 'ours' : 'other'}" x="${LABELS}" y="${y}" width="${length}" height="22" rx="3"/>`,
      `<text class="value" x="${LABELS + length + 8}" y="${y + 16}">${value.toFixed(2)}</text>`,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LABELS + WIDTH + 80} ${height}" role="img" aria-label="${escaped(title)}">
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
