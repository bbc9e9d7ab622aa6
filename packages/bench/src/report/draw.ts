import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, TitleComponent } from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, LineChart, GridComponent, TitleComponent, SVGRenderer]);

export const ink = "#57606a";
export const faint = "#afb8c1";
const inDark: Record<string, string> = { [ink]: "#b1bac4", [faint]: "#444c56" };

export const font = "system-ui, sans-serif";

/**
 * Draws a chart as SVG that is readable on white and on black. All colours except those of the peers follow the
 * reader's scheme.
 */
export function draw(option: EChartsCoreOption, width: number, height: number): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({ animation: false, backgroundColor: "transparent", textStyle: { fontFamily: font }, ...option });
    return schemed(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

function schemed(svg: string): string {
  const rules = Object.entries(inDark).map(
    ([light, dark]) => `[fill="${light}"] { fill: ${dark} } [stroke="${light}"] { stroke: ${dark} }`,
  );
  const style = `<style>@media (prefers-color-scheme: dark) { ${rules.join(" ")} }</style>`;
  return `${svg.replace(/(<svg[^>]*>)/, `$1\n${style}`)}\n`;
}
