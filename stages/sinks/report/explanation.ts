import { html } from "./html.js";

/** Norm ratios the paper prints: its tables 1 and 2, Jacobian of the training set (paper.md §3). */
const paperRows = [
  ["clean labels, initial", 0.38081, 0.92465, 0.37114, 0.92858],
  ["clean labels, final", 0.9869, 0.16131, 0.98669, 0.1626],
  ["50 % corrupted, initial", 0.32762, 0.94481, 0.32152, 0.9469],
  ["50 % corrupted, final", 0.8956, 0.44487, 0.89597, 0.44412],
] as const;

/** What the words of the report mean and what the paper says, in the report's own words. */
export const explanation = html`<section>
<h2>How to read this</h2>
<dl>
<dt>Information and nuisance space</dt>
<dd>J is the Jacobian of all outputs on all examples of a split with respect to the trained parameters. The information
space is spanned by its leading left singular vectors, the nuisance space is everything orthogonal to them. For a network
that stays near its linearisation, gradient descent fits what lies along a singular vector at a rate that grows with σ²: the
information space fast, the nuisance space slowly or not at all.</dd>
<dt>Unpredictable noise</dt>
<dd>Labels changed at random still tell something of the true class: on average a changed label is any of the others. The
rest, y − E[y | true class], cannot be learnt from other examples, only memorised.</dd>
<dt>What the paper proves</dt>
<dd>For wide one-hidden-layer networks with a smooth activation, started at random and trained by gradient descent for a
time that the cut-off sets, the training error is at most of the order of ‖Π<sub>N</sub> y‖ and the test error of the order
of ‖Π<sub>N</sub> y‖/√n, apart from a term that dies out with the training time and, for the test error, one that falls as 1/√n. For one-hot labels ‖y‖ = √n, so ‖Π<sub>N</sub> y‖/√n is
the nuisance norm ratio of the labels on the initial Jacobian. The constants are not known and most networks do not meet
the assumptions: the numbers above show whether the tendency holds here; they do not test the bound.</dd>
<dt>What the paper measured</dt>
<dd>On CIFAR-10 with a ResNet20 without batch normalisation, information space of rank 50, norm ratios of the labels y and the
initial residual r₀ on the training set. The set-up of this run is another, so only the tendencies compare.
<div class="scroll" tabindex="0"><table>
<caption class="unseen">Norm ratios the paper prints</caption>
<thead><tr><th scope="col">Jacobian</th><th scope="col">y, information</th><th scope="col">y, nuisance</th><th scope="col">r₀, information</th><th scope="col">r₀, nuisance</th></tr></thead>
<tbody>${paperRows.map(([name, ...ratios]) => html`<tr><th scope="row">${name}</th>${ratios.map((ratio) => html`<td>${ratio.toFixed(3)}</td>`)}</tr>\n`)}</tbody>
</table></div></dd>
</dl>
</section>
`;
