/** What the report adds to the style of the pages of `explain`. */
import { style } from '../../page/index.js';

export const reportStyle = `${style}
.figures { display: flex; flex-wrap: wrap; gap: 12px 40px; margin: 16px 0; padding: 0; list-style: none; }
.figures strong { display: block; font-size: 30px; line-height: 1.5; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; max-width: 100%; }
.bars { display: grid; grid-template-columns: minmax(80px, max-content) minmax(60px, 1fr) max-content; gap: 3px 10px; align-items: center; font-size: 14px; max-width: 860px; margin: 12px 0; }
.bars i { display: block; height: 12px; background: var(--line-0); border-radius: 2px; min-width: 1px; }
.bars > span { line-height: 1.6; }
.bars .track { background: var(--card); border-radius: 2px; }
.matrix { display: block; width: 100%; max-width: 860px; height: auto; margin-top: 12px; }
.matrix rect { fill: var(--line-0); } .matrix .wrong { fill: var(--line-1); } .matrix .frame { fill: none; stroke: var(--rule); }
.matrix text { fill: var(--ink); font-size: 12px; }
.failures { font-size: 14px; padding-left: 18px; }
`;
