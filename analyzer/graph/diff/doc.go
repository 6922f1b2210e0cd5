// Package diff compares two windows of the graph: which edges are new, gone or
// changed, and which changes are more than noise.
//
// # Method
//
// Per edge two shares are compared, each by Fisher's exact test where the table
// is small and by the pooled two-proportion z test where it is not (fisher.go,
// proportions.go):
//
//   - failures ÷ requests;
//   - requests slower than the threshold that is nearest the median of the first
//     window ÷ requests. If both windows have one distribution, that share is the
//     same in both, whatever the distribution is (Mood's median test).
//
// The rate is compared by the exact conditional test of two Poisson counts: given
// their sum, the second is binomial with the share of the second window's length
// (Przyborowski & Wilenski, Biometrika 1940). Traffic bursts more than a
// Poisson process does, so a rate also has to change by MinRate to be reported.
//
// All p values of one comparison are corrected together: the step-up procedure
// of Benjamini & Hochberg (J. R. Statist. Soc. B 57, 1995) keeps the expected
// share of false alarms among the reported changes at or below Level
// (correct.go).
//
// # How to read it
//
// Compare takes two lists of edges in any order and returns changes in order
// of their names. It is pure; what is in one window only is New or Gone, and no
// test is made of it.
package diff
