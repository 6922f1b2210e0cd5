package graph

import "time"

// Grain is the resolution of the table that answers a segment; zero means raw
// rows.
type Grain time.Duration

// The grains, finest first.
const (
	Raw        Grain = 0
	TenSeconds       = Grain(10 * time.Second)
	Minute           = Grain(time.Minute)
	Hour             = Grain(time.Hour)
)

// Segment is a part [From, To) of a window and the grain that answers it. Its
// bounds lie on the grid of its grain.
type Segment struct {
	Grain    Grain
	From, To time.Time
}

// Split cuts [from, to) into segments that cover it exactly once, in order of
// time: the coarsest grain in the middle, finer ones towards the ends. An empty
// window gives none.
func Split(from, to time.Time) []Segment {
	return split(nil, from, to, Hour, Minute, TenSeconds, Raw)
}

func split(out []Segment, from, to time.Time, grains ...Grain) []Segment {
	if !from.Before(to) {
		return out
	}
	grain := grains[0]
	if grain == Raw {
		return append(out, Segment{Raw, from, to})
	}
	first, last := ceil(from, grain), to.Truncate(time.Duration(grain))
	if !first.Before(last) {
		return split(out, from, to, grains[1:]...)
	}
	out = split(out, from, first, grains[1:]...)
	out = append(out, Segment{grain, first, last})
	return split(out, last, to, grains[1:]...)
}

// ceil rounds up to the grid of the grain. The grid starts at Go's zero time,
// a multiple of an hour away from the Unix epoch.
func ceil(t time.Time, g Grain) time.Time {
	down := t.Truncate(time.Duration(g))
	if down.Equal(t) {
		return down
	}
	return down.Add(time.Duration(g))
}
