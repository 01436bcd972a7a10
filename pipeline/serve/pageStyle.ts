/** What the live page has besides the style of a report. */
export const pageStyle = `
body { padding-top: 1rem; }
.skip { position: absolute; left: -100vw; }
.skip:focus { position: static; }
#run:focus { outline: none; }
fieldset.runs { border: 1px solid var(--rule); border-radius: 6px; margin: 0 0 1.5rem; padding: 0.3rem 0.9rem 0.6rem; min-width: 0; }
.runs legend { font-weight: 600; padding: 0 0.3rem; }
.runs p { margin: 0 0 0.3rem; }
.run-list { max-height: 9.5rem; overflow-y: auto; }
.run-list label { display: flex; gap: 0.5rem; align-items: flex-start; padding: 0.25rem 0; min-height: 1.75rem; font-size: 0.92rem; overflow-wrap: anywhere; }
.run-list input { width: 1.15rem; height: 1.15rem; flex: none; margin: 0.15rem 0 0; accent-color: var(--tone-1); }
.run-list .running { font-weight: 600; }
#connection { position: sticky; bottom: 0; margin: 2rem 0 0; padding: 0.4rem 0; background: var(--page); border-top: 1px solid var(--rule); color: var(--quiet); font-size: 0.85rem; max-width: none; }
.state.running, .state.done { color: var(--tone-3); }
.state.failed, .state.lost { color: var(--tone-2); }
.state { font-weight: 600; }
.progress { margin: 1rem 0; }
.progress p { display: grid; grid-template-columns: minmax(4rem, auto) minmax(6rem, 1fr) minmax(0, 2fr); gap: 0 0.8rem; align-items: center; }
progress { width: 100%; accent-color: var(--tone-1); }
.cut-control { background: var(--panel); border: 1px solid var(--rule); border-radius: 6px; padding: 0.7rem 0.9rem; margin: 0.8rem 0; }
.cut-control label { display: block; font-weight: 600; }
.cut-control input { width: 100%; height: 2rem; margin: 0.2rem 0; accent-color: var(--tone-1); }
.cut-control output { display: block; font-variant-numeric: tabular-nums; margin-bottom: 0.4rem; }
.cut-control .note { margin: 0.4rem 0 0; }
button[aria-disabled=true] { opacity: 0.6; cursor: default; }
.drawing > svg { display: block; width: 100%; max-width: 30rem; height: auto; overflow: visible; font-family: inherit; }
figure.cut .drawing { touch-action: pan-y; cursor: ew-resize; user-select: none; -webkit-user-select: none; }
.graph { display: block; }
.graph .line { fill: none; stroke: var(--tone-0); stroke-width: 1.4; }
.graph .tip { fill: var(--tone-0); }
.graph .whole .line { stroke: var(--tone-1); stroke-dasharray: 7 4; }
.graph .whole .tip { fill: var(--tone-1); }
.graph .lossy .line { stroke: var(--tone-2); stroke-dasharray: 2 4; }
.graph .lossy .tip { fill: var(--tone-2); }
.graph .ground { fill: var(--page); }
.graph text { fill: var(--ink); font-size: 12px; }
.graph .name { font-size: 14px; font-weight: 600; }
.graph .uses { fill: var(--quiet); }
.graph .label.full { fill: var(--tone-2); font-weight: 600; }
.graph .stage rect { fill: var(--panel); stroke: var(--tone-0); stroke-width: 1.5; }
.graph .stage.running rect { stroke: var(--tone-1); stroke-width: 2.5; }
.graph .stage.done rect { stroke: var(--tone-3); }
.graph .stage.failed rect { stroke: var(--tone-2); stroke-width: 2.5; }
.log-box { max-height: 16rem; overflow-y: auto; }
.log { list-style: none; margin: 0; padding: 0.5rem 0.8rem; background: var(--panel); border-radius: 4px; font-size: 0.85rem; }
.log li { padding: 0.1rem 0; overflow-wrap: anywhere; }
.log time { color: var(--quiet); font-variant-numeric: tabular-nums; }
.log .warning strong, .log .error strong { color: var(--tone-2); }
@media (max-width: 40rem) {
  .progress p { grid-template-columns: 1fr 1fr; }
  .progress .note { grid-column: 1 / -1; }
}
@media print {
  fieldset.runs, #connection, .cut-control, .progress { display: none; }
  .graph { max-width: 100%; height: auto; }
  .log-box { max-height: none; overflow: visible; }
  .log { padding: 0; }
}
`;
