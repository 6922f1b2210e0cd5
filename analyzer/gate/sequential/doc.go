// Package sequential compares the shares of bad events of two versions while
// they are being counted. It may be asked at any moment: looking often does not
// make a false answer more likely.
//
// # The test
//
// Counts come in blocks (the 10 s buckets of the store). Before block t a guess
// (c*, b*) of both shares is made from the blocks before it. Let (c°, b°) be the
// point of the null hypothesis that is closest to the guess: the one that
// minimises
//
//	n_c·KL(c* ‖ c) + n_b·KL(b* ‖ b)   over all (c, b) with c − b ≤ margin
//
// for the n_c and n_b events of the block. The likelihood of the block under
// the guess ÷ that under the closest point is an e-variable: its expectation is
// at most 1 under every point of the null hypothesis (Turner, Ly & Grünwald,
// "Generic E-variables for exact sequential k-sample tests that allow for
// optional stopping", J. Stat. Plan. Inference 230, 2024; for a difference,
// Turner & Grünwald, "Exact anytime-valid confidence intervals for contingency
// tables and beyond", Stat. Probab. Lett. 198, 2023). The reason: the
// expectation is f_c(c)^n_c · f_b(b)^n_b with both f linear and 1 at the closest
// point; by the inequality of the means it is at most their weighted mean to
// the power n_c + n_b, whose gradient is that of −KL, which points out of a
// convex null hypothesis.
//
// So the product E over the blocks is a supermartingale that starts at 1, and it
// reaches 1/α at any time with probability at most α (Ville, 1939). Evidence for
// "worse" is E against c − b ≤ margin, evidence for "not worse" is E against
// c − b ≥ margin.
//
// Only the null hypothesis of each single block is used. The shares may change
// from block to block, and so may the split of traffic, as they do when a load
// test starts, a database fails under both versions, or a rollout shifts its
// weights: a difference beyond the margin is needed, not a difference between
// sums (no Simpson's paradox). Within a block events are taken for independent.
// What comes in bursts on one version only is taken for more evidence than it
// is.
//
// A mixture test over both shares (below) is as safe, and needs two to three
// times as many events for the same power: it pays for the common share, which
// nobody asked for.
//
// # The interval
//
// For people the difference is also given as an interval. With s of n events
// bad, each with probability p, the Beta(½, ½)-mixture of all likelihoods over
// that of p,
//
//	M(p) = B(s + ½, n − s + ½) ÷ B(½, ½) ÷ (p^s · (1 − p)^(n−s)),
//
// is a martingale for the true p (Robbins, Ann. Math. Statist. 41, 1970; Howard,
// Ramdas, McAuliffe & Sekhon, "Time-uniform, nonparametric, nonasymptotic
// confidence sequences", Ann. Statist. 49, 2021, §3.2; the weight is that of
// Krichevsky & Trofimov, IEEE Trans. IT 27, 1981). All d with
//
//	min over b of M_canary(b + d) · M_baseline(b) < 1/α
//
// form a confidence sequence, which holds the true difference at all times
// together with probability at least 1 − α. It is exact for every n, also near
// zero, but takes the shares for constant, and is wider than the test is sharp:
// a decision may come while the margin is still inside.
package sequential
