/** The page's style: one column of sections, grids of pictures that wrap, light and dark by the reader's setting. */
export const style = `
:root {
  color-scheme: light dark;
  --ink: #1f2328; --soft: #59636e; --paper: #fff; --card: #f6f8fa; --rule: #d1d9e0;
  --line-0: #0072b2; --line-1: #d55e00; --line-2: #007a59;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6edf3; --soft: #9da7b1; --paper: #0d1117; --card: #161b22; --rule: #30363d;
    --line-0: #56b4e9; --line-1: #f0883e; --line-2: #3fb98a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 24px 16px 40px; max-width: 1168px; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Open Sans', sans-serif; overflow-wrap: anywhere;
}
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 8px; }
h2 { font-size: 21px; line-height: 1.3; margin: 44px 0 4px; padding-top: 16px; border-top: 1px solid var(--rule); }
h3 { font-size: 16px; margin: 20px 0 6px; }
p { margin: 0 0 12px; max-width: 78ch; }
img { display: block; width: 100%; height: auto; border-radius: 4px; background: var(--rule); }
figure { margin: 0; min-width: 0; }
figcaption { padding: 6px 0 0; font-size: 14px; line-height: 1.4; }
.after { margin-top: 12px; }
small, .soft { color: var(--soft); font-size: 14px; }
code { font-family: ui-monospace, Menlo, Consolas, 'Open Sans', monospace; font-size: 13px; }
.lead {
  display: grid; grid-template-columns: minmax(0, auto) minmax(320px, 1fr); gap: 24px; align-items: start;
  margin-top: 16px;
}
.lead img { max-height: 420px; width: auto; max-width: 100%; }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 20px 0 0; }
a { color: var(--line-0); }
.grid { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(min(240px, 100%), 1fr)); margin-top: 12px; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 12px; }
.pair, .steps { display: grid; gap: 8px; grid-template-columns: 1fr 1fr; }
.steps { grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 12px; max-width: 880px; }
.pair small, .steps small { display: block; padding-bottom: 2px; }
.wide { grid-template-columns: repeat(auto-fill, minmax(min(440px, 100%), 1fr)); }
.legend { list-style: none; margin: 6px 0 0; padding: 0; font-size: 14px; }
.legend li {
  display: grid; grid-template-columns: 18px minmax(0, 1fr) auto auto; gap: 8px; align-items: baseline;
  padding: 1px 0;
}
.names { columns: 150px; } .names li { break-inside: avoid; }
.formula { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; min-width: 3.6em; }
.swatch {
  display: inline-block; width: 13px; height: 13px; border: 1px solid var(--soft); border-radius: 3px;
  align-self: center; vertical-align: -1px;
}
.scale { display: flex; align-items: center; gap: 8px; flex-wrap: wrap; font-size: 14px; margin: 8px 0 4px; }
.scale i { display: block; width: 180px; height: 12px; border-radius: 3px; border: 1px solid var(--rule); }
.chart { display: block; width: 100%; max-width: 860px; height: auto; margin-top: 12px; }
.chart .rule { stroke: var(--rule); fill: none; } .chart .axis { stroke: var(--soft); fill: none; }
.chart .line { fill: none; stroke-width: 2; } .tick { fill: var(--ink); font-size: 13px; }
.end { text-anchor: end; } .mid { text-anchor: middle; }
.chart .line-0 { stroke: var(--line-0); } .chart .line-1 { stroke: var(--line-1); } .chart .line-2 { stroke: var(--line-2); }
.chart .dot.line-0 { fill: var(--line-0); }
.chart .dot.line-1 { fill: var(--line-1); }
.chart .dot.line-2 { fill: var(--line-2); }
.chart path.line-1 { stroke-dasharray: 8 3; }
.chart path.line-2 { stroke-dasharray: 2 3; }
.chart path.dot { stroke-dasharray: none; }
.narrow { display: none; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; margin: 8px 0 16px; }
th, td { padding: 4px 12px 4px 0; text-align: right; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { font-weight: 600; } th:first-child, td:first-child { text-align: left; }
.settings {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(300px, 100%), 1fr)); gap: 2px 24px;
  margin: 8px 0; padding: 0; list-style: none; font-size: 14px;
}
.settings li { border-bottom: 1px solid var(--rule); padding: 3px 0; }
summary { cursor: pointer; margin: 12px 0 4px; }
.warning { border-left: 4px solid var(--line-1); padding: 4px 12px; }
footer { margin-top: 40px; padding-top: 12px; border-top: 1px solid var(--rule); color: var(--soft); font-size: 14px; }
@media (max-width: 640px) {
  .lead { grid-template-columns: minmax(0, 1fr); gap: 16px; }
  .steps { grid-template-columns: 1fr 1fr; }
  .grid.small { grid-template-columns: 1fr 1fr; gap: 12px; }
  .formula { white-space: normal; }
  .narrow { display: block; } .broad { display: none; }
  h1 { font-size: 24px; } th, td { padding-right: 8px; }
  td.broad, th.broad { display: none; }
}
@media print { body { max-width: none; } details { display: block; } }
`;
