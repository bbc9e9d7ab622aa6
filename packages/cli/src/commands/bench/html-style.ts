/** The style sheet of the HTML report. It follows the reader's choice of light or dark. */
export const reportStyle = `
:root {
  color-scheme: light dark;
  --back: #fff; --text: #1c2733; --faint: #66727f; --line: #e3e8ed;
  --first: #1f6feb; --second: #d9730d; --bad: #c62828;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #12171d; --text: #e6ebf0; --faint: #93a0ad; --line: #2a323b;
    --first: #58a6ff; --second: #f0a04b; --bad: #ff7b72;
  }
}
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 760px; margin: 0 auto; padding: 32px 20px; }
h1 { margin: 0; font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { margin: 0; font-size: 1.1rem; }
section { margin-top: 36px; }
.about, .remark, footer { margin: 4px 0 12px; color: var(--faint); font-size: .9rem; overflow-wrap: anywhere; }
footer { margin-top: 40px; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(108px, 1fr)); gap: 12px; margin: 20px 0 0; }
.figures div { border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; }
dt { color: var(--faint); font-size: .8rem; }
dd { margin: 0; font-size: 1.15rem; font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
table { border-collapse: collapse; width: 100%; margin-top: 8px; font-size: .9rem; }
th, td { text-align: left; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); }
td:first-child { color: var(--bad); font-weight: 600; }
svg { display: block; width: 100%; height: auto; }
.grid { stroke: var(--line); }
.tick { fill: var(--faint); font-size: 12px; font-variant-numeric: tabular-nums; }
.line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
.area { fill: currentColor; opacity: .15; }
rect { fill: currentColor; }
circle { fill: transparent; }
circle:hover, rect:hover { fill: var(--text); }
.first { color: var(--first); }
.second { color: var(--second); }
`;
