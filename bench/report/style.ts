/** The page's looks. Rule: nothing is loaded; light or dark as the reader's system says. */

/** The style sheet. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #f6f5f1; --card: #fffefb; --ink: #1d1f21; --soft: #62676d; --line: #e3e0d8;
  --track: #eeece5; --other: #9aa3ad; --hot: #e2560c; --hot-ink: #b84204; --good: #23763a; --bad: #b42318;
  --good-wash: 35 118 58; --bad-wash: 200 50 30; }
@media (prefers-color-scheme: dark) { :root { --paper: #131517; --card: #1b1e21; --ink: #e9e7e2; --soft: #9ba1a8;
  --line: #2d3135; --track: #262a2e; --other: #6d7781; --hot: #ff7a33; --hot-ink: #ff9257; --good: #63c47d;
  --bad: #ff8272; --good-wash: 80 190 110; --bad-wash: 255 100 80; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI",
  Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 16px 64px; }
h1 { font-size: clamp(28px, 6vw, 44px); line-height: 1.1; letter-spacing: -0.02em; margin: 0 0 10px; }
h1 b { color: var(--hot-ink); font-weight: inherit; }
h2 { font-size: 21px; letter-spacing: -0.01em; margin: 48px 0 10px; }
h3 { font-size: 17px; margin: 0; }
h3 a { color: inherit; text-decoration: none; }
p { margin: 0 0 12px; max-width: 72ch; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 2px; }
.lead { font-size: 17px; }
.soft, .card > p, #glance > p { color: var(--soft); font-size: 14px; }
code, pre { font: 12.5px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { background: var(--track); padding: 1px 5px; border-radius: 4px; overflow-wrap: anywhere; }
pre { overflow-x: auto; margin: 8px 0; padding: 10px; background: var(--track); border-radius: 6px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 22px 0 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; }
.tile b { display: block; font-size: 28px; line-height: 1.15; letter-spacing: -0.02em; }
.tile b small { font-size: 16px; font-weight: 500; color: var(--soft); letter-spacing: 0; }
.tile span { color: var(--soft); font-size: 13px; line-height: 1.35; display: block; }
.tile.hot b { color: var(--hot-ink); }
.cards { display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; }
@media (min-width: 860px) { .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .wide { grid-column: 1 / -1; } }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px; min-width: 0; }
.card > p { margin: 2px 0 10px; }
.chart { margin: 14px 0 0; }
.chart svg { display: block; overflow: visible; font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
figcaption { font-weight: 600; font-size: 14px; margin-bottom: 2px; }
.log { font-weight: 400; color: var(--soft); font-size: 12px; margin-left: 4px; }
svg text { fill: var(--ink); } svg .tick { fill: var(--soft); font-size: 11px; }
svg .value { font-variant-numeric: tabular-nums; } svg .ratio { fill: var(--soft); }
svg .grid { stroke: var(--line); } svg .track { fill: var(--track); } svg .fill { fill: var(--other); }
svg .whisker { stroke: var(--ink); stroke-width: 1.5; opacity: 0.55; }
svg .reflectd .fill { fill: var(--hot); } svg .reflectd .name, svg .reflectd .value { font-weight: 650; }
svg .floor .fill { fill: none; stroke: var(--other); stroke-dasharray: 3 2; }
svg .floor .name, svg .absent .name, svg .absent .value { fill: var(--soft); }
svg .absent .fill { fill: var(--other); opacity: 0.3; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 2px 0 10px; font-size: 13px; }
.legend i { display: inline-block; width: 14px; height: 3px; border-radius: 2px; background: var(--tone);
  vertical-align: middle; margin-right: 5px; }
.axis { text-align: center; color: var(--soft); font-size: 12px; margin: 0; max-width: none; }
.curves .reflectd { --tone: var(--hot); } .curves .floor { --tone: var(--other); } .curves .bird1 { --tone: #2f9e6e; }
.curves .bird2 { --tone: #1f7a8c; } .curves .frr { --tone: #4263c9; } .curves .gobgp { --tone: #9650b8; }
.curves .openbgpd { --tone: #a8872a; }
.curve line { stroke: var(--tone); stroke-width: 2; stroke-linecap: round; } .curve circle { fill: var(--tone); }
.curve.floor line { stroke-dasharray: 4 4; } .curve.reflectd line { stroke-width: 3; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 5px 8px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; } thead th { color: var(--soft); font-weight: 500; }
th:first-child, td:first-child { text-align: left; }
td.why { text-align: left; white-space: normal; color: var(--soft); min-width: 22ch; }
tr.reflectd td { font-weight: 600; } tr.figure th { padding-top: 14px; }
.glance td, .glance thead th { text-align: center; } .glance th[scope] { font-weight: 400; white-space: normal; }
.glance .scenario th { padding-top: 16px; white-space: normal; font-size: 14px; }
.glance .scenario span { font-weight: 400; color: var(--soft); font-size: 12.5px; margin-left: 6px; }
.glance thead th { position: sticky; top: 0; background: var(--paper); z-index: 1; }
.glance td.reflectd, .glance thead .reflectd { color: var(--hot-ink); font-weight: 650; }
.glance td.floor, .glance td.absent { color: var(--soft); }
.heat0 { background: rgb(var(--bad-wash) / 0.22); font-weight: 650; }
  .heat1 { background: rgb(var(--good-wash) / 0.05); }
.heat2 { background: rgb(var(--good-wash) / 0.13); } .heat3 { background: rgb(var(--good-wash) / 0.24); }
.heat4 { background: rgb(var(--good-wash) / 0.38); }
@media (max-width: 640px) {
  .glance, .glance tbody { display: block; } .glance thead { display: block; position: sticky; top: 0; z-index: 1; }
  .glance tr { display: grid; grid-template-columns: minmax(0, 1.3fr) repeat(var(--others), minmax(0, 1fr)); }
  .glance .scenario, .glance .scenario th { display: block; border: 0; } .glance thead th:first-child { display: none; }
  .glance .scenario th { padding: 18px 0 0; } .glance .scenario span { display: block; margin: 0; }
  .glance th[scope] { grid-column: 1 / -1; border: 0; padding: 6px 0 2px; color: var(--soft); }
  .glance td, .glance thead th { padding: 4px 0; font-size: 11px; letter-spacing: -0.02em; }
  .glance thead th { font-size: 9.5px; }
}
ul.plain { list-style: none; padding: 0; margin: 0; }
ul.plain li { padding: 8px 0; border-bottom: 1px solid var(--line); font-size: 14px; }
ul.plain li:last-child { border-bottom: 0; }
ul.plain li small { display: block; color: var(--soft); font-size: 13px; }
ul.plain li b { font-variant-numeric: tabular-nums; }
.chip { display: inline-block; min-width: 82px; font-size: 12px; font-weight: 600; text-align: center;
  padding: 1px 8px;
  border-radius: 99px; margin-right: 8px; border: 1px solid currentColor; }
.reached { color: var(--good); } .missed { color: var(--bad); } .unknown { color: var(--soft); }
details { margin-top: 12px; font-size: 14px; } summary { cursor: pointer; color: var(--soft); }
details details { margin-left: 4px; } details[open] > summary { margin-bottom: 6px; }
.mark { color: var(--bad); font-weight: 600; }
footer { margin-top: 48px; color: var(--soft); font-size: 13px; }
@media print { body { background: #fff; } .card, .tile { break-inside: avoid; } }
`;
