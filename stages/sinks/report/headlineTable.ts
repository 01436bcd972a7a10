import { numberText, ratioText } from "../numberText.js";
import { groupBy } from "../rows.js";
import { type HeadlineRow, jacobianText, targetText } from "./headline.js";
import { type Html, html } from "./html.js";

function groupTitle(row: HeadlineRow): Html {
  const examples = row.split === "train" ? "training examples" : "test examples";
  const jacobian = jacobianText(row).replace(/^./, (letter) => letter.toUpperCase());
  const cut = `rank ${row.rank}, cut at σ = ${numberText(row.cutoff)}, gap ${row.gap < 10 ? ratioText(row.gap) : numberText(row.gap)}`;
  return html`<div>${jacobian} · ${examples} <span>(${cut})</span></div>`;
}

function tableRow(row: HeadlineRow): Html {
  const ratio = (name: string, value: number) => html`<td class="${name}">${ratioText(value)}</td>`;
  return html`<tr><th scope="row">${targetText(row)}</th>${[
    ratio("own", row.informationRatio),
    ratio("", row.nuisanceRatio),
    ratio("base", row.randomRatio),
    ratio("own energy", row.informationEnergy),
    ratio("", row.nuisanceEnergy),
    ratio("base", row.randomEnergy),
    ratio("base", row.constantEnergy),
    ratio("base", row.trueClassEnergy),
  ]}</tr>
`;
}

/** The headline table of one stage: Jacobian × split in groups, a target a row, norm ratios and energies apart. */
export function headlineTable(rows: readonly HeadlineRow[]): Html {
  const groups = [...groupBy(rows, (row) => `${row.jacobianStep} ${row.split}`).values()];
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Headline table: ${rows[0]?.stage}"><table class="headline">
<thead>
<tr><td></td><th scope="colgroup" colspan="3">norm ratio ‖Πv‖ / ‖v‖</th><th scope="colgroup" colspan="5">energy ‖Πv‖² / ‖v‖²</th></tr>
<tr><th scope="col">target v</th><th scope="col">information</th><th scope="col">nuisance</th><th scope="col">random</th><th scope="col" class="energy">information</th><th scope="col">nuisance</th><th scope="col">random</th><th scope="col">constant</th><th scope="col">true class</th></tr>
</thead>
${groups.map(
  (own) => html`<tbody>
<tr class="group"><th scope="rowgroup" colspan="9">${groupTitle(own[0])}</th></tr>
${own.map(tableRow)}</tbody>
`,
)}</table></div>
<p class="note">Norm ratios of the two spaces square and add up to one; energies add up. <em>random</em>: what a random
space of the same dimension holds, √(r/nK) as a ratio, r/nK as energy. <em>constant</em>: the part on the K directions
in which every example has the same output. <em>true class</em>: the part of the target that is a function of the true
class alone, 1 − ‖y − E[y | true class]‖²/‖v‖²; for labels changed to any other class with probability ρ it is
(1 − ρ)² + ρ²/(K − 1), and (1 − ρK/(K − 1))² once centred.</p>
`;
}
