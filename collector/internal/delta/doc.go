// Package delta turns cumulative readings into growth: what a counter gained
// since it was read before, and over which time.
//
// A Tracker remembers the last reading of each series. What it answers is
// always a lower bound of what was counted, and exact unless the counter began
// anew between two readings:
//
//   - A missing reading is no zero: the next one grows over the longer time.
//   - The first reading of a series tells nothing, since nobody knows when it
//     was counted. It does if the source is known not to have had the series
//     before: it says that it began after the tracker started to watch
//     (Point.Start), or a complete round of readings went before (Complete)
//     that did not have it.
//   - A reading below the one before, or with a later start, is a counter that
//     began anew. It counts from zero; what it gained between the reading
//     before and the end of its life is lost.
//   - A series that a complete round does not have is forgotten. If it returns,
//     it counts from zero: Envoy evicts stats that nobody uses, and makes them
//     anew.
//
// The growth of a series never adds up to more than it counted, but for one
// case that no reader can see: a source that leaves a series out of a complete
// round and goes on counting. Then its value at the return is counted twice.
//
// Memory is bounded by Options.Limit; a series beyond it is refused and said to
// be so, and no known series makes room for it while it is read.
package delta
