package scenario

import (
	"math"
	"testing"
	"time"
)

const limited = `
name: limited
services:
- name: front
  endpoints:
  - path: /
    calls: [{service: back, path: /}]
- name: back
  version: v1
  workers: 4
  endpoints:
  - {path: /, work: {dist: constant, mean: 20ms}}
  - {path: /slow, work: {dist: constant, mean: 80ms}}
- name: back
  version: v2
  workers: 6
  endpoints:
  - {path: /, work: {dist: constant, mean: 20ms}}
load:
- {service: front, path: /, rps: 400}
phases:
- {name: all, from: 0s, until: 60s}
timeline:
- {at: 10s, do: slow, service: back, factor: 2, for: 10s}
- {at: 30s, do: kill, service: back, version: v1, for: 10s}
- {at: 50s, do: scale, service: back, version: v2, workers: 1}
`

func TestCapacity(t *testing.T) {
	s := parse(t, limited)
	for name, tc := range map[string]struct {
		from, until time.Duration
		want        float64 // calls per second
	}{
		"both versions":   {0, 10 * time.Second, 500},
		"slowed":          {10 * time.Second, 20 * time.Second, 250},
		"half slowed":     {5 * time.Second, 15 * time.Second, 375},
		"one killed":      {30 * time.Second, 40 * time.Second, 300},
		"scaled for good": {50 * time.Second, 60 * time.Second, 250},
	} {
		if got := s.Capacity("back", tc.from, tc.until); math.Abs(got-tc.want) > 0.01*tc.want {
			t.Errorf("%s: %.1f/s, want %.1f/s", name, got, tc.want)
		}
	}
	if got := s.Capacity("front", 0, time.Minute); !math.IsInf(got, 1) {
		t.Errorf("a service without work serves %v/s, want infinitely many", got)
	}
}

func TestCapacityGoodput(t *testing.T) {
	s := parse(t, limited)
	for name, tc := range map[string]struct {
		visits map[string]float64
		want   float64
	}{
		"enough":          {map[string]float64{"front": 1, "back": 0.5}, 1},
		"every request":   {map[string]float64{"front": 1, "back": 1}, 250.0 / 400},
		"some need none":  {map[string]float64{"back": 0.8}, 0.2 + 0.8*250/320},
		"two calls each":  {map[string]float64{"back": 2}, 250.0 / 800},
		"never called":    {map[string]float64{"back": 0}, 1},
		"nothing visited": {nil, 1},
	} {
		if got := s.CapacityGoodput(400, tc.visits, 10*time.Second, 20*time.Second); math.Abs(got-tc.want) > 0.005 {
			t.Errorf("%s: %.3f, want %.3f", name, got, tc.want)
		}
	}
}
