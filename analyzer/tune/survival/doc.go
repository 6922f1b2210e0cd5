// Package survival estimates the distribution of durations of which some are
// known only to exceed a limit: a try that its caller cut at 100 ms says that
// the answer takes longer than that, and nothing more.
//
// Estimate builds the Kaplan-Meier curve (product-limit estimator) with
// Greenwood's variance; confidence limits are of the log-log kind, which stay
// within [0, 1] and hold in the tail (Kalbfleisch and Prentice, The
// Statistical Analysis of Failure Time Data, section 1.4). All limits are
// two-sided at 95 %. Durations are whole microseconds.
//
// A curve never speaks beyond what was seen. If the longest observation was
// cut, the curve ends above zero, and quantiles beyond its end do not exist.
// If few observations are left at a point, the curve may reach it by the
// weight of a single one; such a quantile is reported as not identified.
package survival
