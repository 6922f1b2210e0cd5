package alert

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/teambition/rrule-go"
)

// Silence keeps incidents quiet that all its matchers match, from StartsAt to
// EndsAt, or within that time in each occurrence of a rule.
type Silence struct {
	ID        string
	Matchers  []Matcher
	StartsAt  time.Time
	EndsAt    time.Time
	Rule      string        // RFC 5545 RRULE, such as FREQ=WEEKLY;BYDAY=SU; "" for once
	Zone      string        // IANA name, in which the rule is meant; "" for UTC
	Duration  time.Duration // of each occurrence
	CreatedBy string
	Comment   string
	CreatedAt time.Time
	EndedAt   time.Time // ended by hand; zero: not
}

// Matcher compares a label of an incident: slo, service or severity.
type Matcher struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"isRegex"` // anchored at both ends
	Negate  bool   `json:"negate"`
}

// maxOccurrence bounds what one occurrence of a rule may last.
const maxOccurrence = 31 * 24 * time.Hour

// Check says what is wrong with a silence.
func (s Silence) Check() error {
	if len(s.Matchers) == 0 {
		return errors.New("a silence needs a matcher, such as service=shop: without one it would keep everything quiet")
	}
	for _, m := range s.Matchers {
		if m.Name != "slo" && m.Name != "service" && m.Name != "severity" {
			return fmt.Errorf("matcher %q: match slo, service or severity", m.Name)
		}
		if _, err := m.pattern(); m.IsRegex && err != nil {
			return fmt.Errorf("matcher %s: %w", m.Name, err)
		}
	}
	switch {
	case !s.StartsAt.Before(s.EndsAt):
		return errors.New("a silence ends after it starts")
	case s.Comment == "" || s.CreatedBy == "":
		return errors.New("a silence says who made it and why: created_by and comment")
	case s.Rule == "" && (s.Duration != 0 || s.Zone != ""):
		return errors.New("a duration and a zone are those of a rule: give one, or leave them out")
	case s.Rule != "" && (s.Duration <= 0 || s.Duration > maxOccurrence):
		return fmt.Errorf("duration %s: each occurrence of a rule lasts up to %s", s.Duration, maxOccurrence)
	}
	_, err := s.rule()
	return err
}

// rule reads the rule; nil if there is none.
func (s Silence) rule() (*rrule.RRule, error) {
	if s.Rule == "" {
		return nil, nil
	}
	zone, err := time.LoadLocation(cmp.Or(s.Zone, "UTC"))
	if err != nil {
		return nil, fmt.Errorf("zone %q: write an IANA name such as Europe/Berlin", s.Zone)
	}
	option, err := rrule.StrToROptionInLocation(s.Rule, zone)
	if err != nil {
		return nil, fmt.Errorf("rule %q: %w", s.Rule, err)
	}
	if option.Freq > rrule.DAILY {
		return nil, fmt.Errorf("rule %q: repeat daily at most", s.Rule)
	}
	option.Dtstart = s.StartsAt.In(zone)
	r, err := rrule.NewRRule(*option)
	if err != nil {
		return nil, fmt.Errorf("rule %q: %w", s.Rule, err)
	}
	return r, nil
}

// Active tells whether the silence holds at a time. Ends are exclusive.
func (s Silence) Active(at time.Time) bool {
	if at.Before(s.StartsAt) || !at.Before(s.EndsAt) || !s.EndedAt.IsZero() && !at.Before(s.EndedAt) {
		return false
	}
	r, err := s.rule()
	if r == nil || err != nil {
		return err == nil
	}
	last := r.Before(at, true)
	return !last.IsZero() && at.Before(last.Add(s.Duration))
}

// matches tells whether all matchers match an incident.
func (s Silence) matches(in Incident) bool {
	labels := map[string]string{"slo": in.SLO, "service": in.Service, "severity": in.Severity}
	for _, m := range s.Matchers {
		if !m.matches(labels[m.Name]) {
			return false
		}
	}
	return true
}

func (m Matcher) matches(value string) bool {
	equal := value == m.Value
	if m.IsRegex {
		p, err := m.pattern()
		equal = err == nil && p.MatchString(value)
	}
	return equal != m.Negate
}

func (m Matcher) pattern() (*regexp.Regexp, error) { return regexp.Compile("^(?:" + m.Value + ")$") }

// readSilences selects silences by the rest of a query.
func readSilences(ctx context.Context, q querier, rest string, args ...any) ([]Silence, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, matchers, starts_at, ends_at, rule, zone, duration_us, created_by, comment, created_at,
		coalesce(ended_at, 0) FROM silences `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("reading silences: %w", err)
	}
	defer rows.Close()
	var list []Silence
	for rows.Next() {
		var s Silence
		var matchers string
		var starts, ends, lasts, created, ended int64
		err := rows.Scan(&s.ID, &matchers, &starts, &ends, &s.Rule, &s.Zone, &lasts, &s.CreatedBy, &s.Comment, &created, &ended)
		if err == nil {
			err = json.Unmarshal([]byte(matchers), &s.Matchers)
		}
		if err != nil {
			return nil, fmt.Errorf("reading silences: %w", err)
		}
		s.StartsAt, s.EndsAt, s.CreatedAt, s.Duration = fromMicros(starts), fromMicros(ends), fromMicros(created), time.Duration(lasts)*time.Microsecond
		if ended != 0 {
			s.EndedAt = fromMicros(ended)
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// silences returns those that may hold at a time.
func (l ledger) silences(ctx context.Context, at time.Time) ([]Silence, error) {
	us := at.UnixMicro()
	return readSilences(ctx, l.db, `WHERE starts_at <= ? AND ends_at > ? AND (ended_at IS NULL OR ended_at > ?) ORDER BY id`, us, us, us)
}

// addSilence stores a silence under a new id.
func (l ledger) addSilence(ctx context.Context, s Silence) (Silence, error) {
	s.ID = newID("sil_")
	matchers, err := json.Marshal(s.Matchers)
	if err != nil {
		return s, fmt.Errorf("storing silence: %w", err)
	}
	_, err = l.db.ExecContext(ctx, `INSERT INTO silences (id, matchers, starts_at, ends_at, rule, zone, duration_us, created_by, comment, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.ID, string(matchers), s.StartsAt.UnixMicro(), s.EndsAt.UnixMicro(), s.Rule, s.Zone,
		s.Duration.Microseconds(), s.CreatedBy, s.Comment, s.CreatedAt.UnixMicro())
	if err != nil {
		return s, fmt.Errorf("storing silence: %w", err)
	}
	return s, nil
}

// endSilence ends a silence by hand; false if there is none that lasts.
func (l ledger) endSilence(ctx context.Context, id string, at time.Time) (bool, error) {
	r, err := l.db.ExecContext(ctx, `UPDATE silences SET ended_at = ? WHERE id = ? AND ended_at IS NULL AND ends_at > ?`, at.UnixMicro(), id, at.UnixMicro())
	if err != nil {
		return false, fmt.Errorf("ending silence=%s: %w", id, err)
	}
	n, err := r.RowsAffected()
	return n > 0, err
}
