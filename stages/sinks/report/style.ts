/** The one style sheet of a report: light and dark by the reader's system, a phone's width, and paper. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #fdfdfb; --ink: #1d2026; --quiet: #5b616b; --rule: #d9d9d3; --panel: #f4f4ef;
  --tone-0: #8b9099; --tone-1: #1b62b5; --tone-2: #c2410c; --tone-3: #15803d;
  --tone-4: #7e3fb2; --tone-5: #a1620a; --tone-6: #b0246f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14161a; --ink: #e6e6e1; --quiet: #a3a9b3; --rule: #363a42; --panel: #1d2026;
    --tone-0: #7d838d; --tone-1: #6cabf5; --tone-2: #fb923c; --tone-3: #5fce85;
    --tone-4: #c79bf2; --tone-5: #e3b341; --tone-6: #f58ac0;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 62rem; background: var(--page); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 0.5rem; line-height: 1.3; }
h3 { font-size: 1rem; margin: 1.75rem 0 0.4rem; }
p, .findings, dl { max-width: 44rem; }
p { margin: 0.5rem 0; }
.facts { color: var(--quiet); margin: 0.35rem 0 0; }
.stopped { border-left: 3px solid var(--tone-2); padding-left: 0.8rem; margin: 1rem 0; }
.findings { padding: 0; margin: 1.5rem 0 0; list-style: none; font-size: 1.08rem; }
.findings li { margin: 0 0 0.8rem; }
.note { color: var(--quiet); font-size: 0.9rem; }
.scroll { overflow-x: auto; margin: 0.5rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.88rem; line-height: 1.35; }
caption { text-align: left; }
th, td { padding: 0.28rem 0.65rem; text-align: right; white-space: nowrap; vertical-align: bottom; }
thead th { font-weight: 600; color: var(--quiet); }
th:first-child { text-align: left; padding-left: 0; }
tbody th { font-weight: 400; }
.headline { width: 100%; }
.headline thead tr:first-child th[colspan] { text-align: center; border-bottom: 1px solid var(--rule); }
.headline .group th { font-weight: 600; text-align: left; padding-top: 1rem; border-bottom: 1px solid var(--rule); }
.headline .group div { position: sticky; left: 0; display: inline-block; max-width: calc(100vw - 2rem); white-space: normal; }
.headline .group span { font-weight: 400; color: var(--quiet); }
.headline .own { font-weight: 600; }
.headline .base { color: var(--quiet); }
.headline .energy { border-left: 1px solid var(--rule); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1.75rem 2rem; margin-top: 1rem; }
figure { margin: 0; min-width: 0; break-inside: avoid; }
figcaption { font-weight: 600; line-height: 1.3; }
figure > svg { display: block; width: 100%; max-width: 30rem; height: auto; overflow: visible; font-family: inherit; }
.plot { --plot-background: var(--page); font-size: 12px; }
.plot text { white-space: pre; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0 1rem; margin: 0.2rem 0 0.5rem; padding: 0; font-size: 0.85rem; color: var(--quiet); }
.legend .swatch { vertical-align: 0.08em; }
.save { display: none; gap: 0.4rem; margin: 0.3rem 0 0; }
.scripted .save { display: flex; }
button { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--rule); border-radius: 4px; padding: 0.25rem 0.7rem; min-height: 1.75rem; cursor: pointer; }
button:hover { border-color: var(--quiet); }
:focus-visible { outline: 2px solid var(--tone-1); outline-offset: 2px; }
.save button { font-size: 0.8rem; }
details { margin: 0.5rem 0; }
summary { cursor: pointer; color: var(--quiet); }
.values summary { font-size: 0.85rem; }
.values .scroll { max-height: 18rem; overflow: auto; }
.values table { font-size: 0.82rem; }
sub { line-height: 0; }
dt { font-weight: 600; margin-top: 0.8rem; }
dd { margin: 0; }
pre { background: var(--panel); padding: 1rem; overflow-x: auto; font: 0.82rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; border-radius: 4px; }
a { color: var(--tone-1); }
footer { margin-top: 3rem; padding-top: 0.8rem; border-top: 1px solid var(--rule); color: var(--quiet); font-size: 0.88rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 40rem) {
  body { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.5rem; }
  .findings { font-size: 1rem; }
  .headline tbody tr:not(.group) th { position: sticky; left: 0; background: var(--page); }
  th, td { padding: 0.28rem 0.5rem; }
}
@media print {
  :root {
    color-scheme: light;
    --page: #fff; --ink: #000; --quiet: #444; --rule: #bbb; --panel: #fff;
    --tone-0: #777; --tone-1: #1b62b5; --tone-2: #c2410c; --tone-3: #15803d;
    --tone-4: #7e3fb2; --tone-5: #a1620a; --tone-6: #b0246f;
  }
  body { padding: 0; max-width: none; font-size: 10pt; }
  .values, .scripted .save { display: none; }
  .scroll { overflow: visible; max-height: none; }
  th, td { padding: 0.15rem 0.35rem; }
  table { font-size: 8pt; }
  pre { white-space: pre-wrap; padding: 0; }
  .figures { grid-template-columns: 1fr 1fr; }
  h2, h3, dt, .headline .group { break-after: avoid; }
  .figures { break-before: avoid; }
  tr, p, dd { break-inside: avoid; }
}
`;
