package rotation

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/ca"
)

// Phase is where an exchange stands.
type Phase string

// The phases, in their order.
const (
	Stable    Phase = "stable"    // one root
	Spreading Phase = "spreading" // two are trusted, the old one signs
	Draining  Phase = "draining"  // two are trusted, the new one signs
)

// State is what is on disk.
type State struct {
	Phase   Phase     `json:"phase"`
	Since   time.Time `json:"since"`
	Signing string    `json:"signing"`         // name of the root that signs
	Other   string    `json:"other,omitempty"` // of the next root while spreading, of the last while draining
	// Until is a time after which no certificate ends that was signed so far,
	// by whichever root.
	Until time.Time `json:"until"`
	// Drained is when the last root may go; set while draining.
	Drained time.Time `json:"drained,omitzero"`
}

// Validate refuses what no sequence of steps leads to.
func (s State) Validate() error {
	two := s.Other != "" && s.Other != s.Signing
	switch {
	case s.Signing == "":
		return fmt.Errorf("no root signs")
	case s.Phase == Stable && s.Other == "", s.Phase == Spreading && two, s.Phase == Draining && two && !s.Drained.IsZero():
		return nil
	}
	return fmt.Errorf("phase %q with roots %q and %q", s.Phase, s.Signing, s.Other)
}

// Roots are the names of those that are trusted.
func (s State) Roots() []string {
	if s.Other == "" {
		return []string{s.Signing}
	}
	return []string{s.Signing, s.Other}
}

// Begin starts the exchange for the root of that name.
func (s State) Begin(next string, now time.Time) (State, error) {
	if s.Phase != Stable {
		return s, fmt.Errorf("beginning a root rotation: one is %s since %s", s.Phase, s.Since.Format(time.RFC3339))
	}
	s.Phase, s.Since, s.Other = Spreading, now, next
	return s, nil
}

// Abort gives the exchange up. Once the new root signs it can only be finished.
func (s State) Abort(now time.Time) (State, error) {
	if s.Phase != Spreading {
		return s, fmt.Errorf("aborting a root rotation: phase is %s", s.Phase)
	}
	s.Phase, s.Since, s.Other = Stable, now, ""
	return s, nil
}

// Switch lets the new root sign.
func (s State) Switch(now time.Time) (State, error) {
	if s.Phase != Spreading {
		return s, fmt.Errorf("switching roots: phase is %s", s.Phase)
	}
	s.Phase, s.Since, s.Drained = Draining, now, s.Until.Add(ca.Skew)
	s.Signing, s.Other = s.Other, s.Signing
	return s, nil
}

// Finish drops the old root, when nothing that it signed is left.
func (s State) Finish(now time.Time) (State, error) {
	if s.Phase != Draining {
		return s, fmt.Errorf("dropping the old root: phase is %s", s.Phase)
	}
	if now.Before(s.Drained) {
		return s, fmt.Errorf("dropping the old root: certificates of it last until %s", s.Drained.Format(time.RFC3339))
	}
	s.Phase, s.Since, s.Other, s.Drained = Stable, now, "", time.Time{}
	return s, nil
}

func parseState(text []byte) (State, error) {
	var s State
	if err := json.Unmarshal(text, &s); err != nil {
		return State{}, err
	}
	return s, s.Validate()
}
