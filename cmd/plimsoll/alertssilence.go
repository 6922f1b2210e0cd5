package main

import (
	"fmt"
	"os/user"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertv1 "github.com/plimsoll-mesh/plimsoll/api/gen/plimsoll/alert/v1"
)

func newAlertsSilenceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "silence",
		Short: "Keep alerts quiet for a time",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newSilenceListCommand(), newSilenceAddCommand(), newSilenceEndCommand())
	return cmd
}

func newSilenceListCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List silences, ended ones too", Args: cobra.NoArgs}
	p, conn := addOutputFlag(cmd), addConnectionFlags(cmd, "viewer")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		c, err := conn.dial()
		if err != nil {
			return err
		}
		req, all := &alertv1.ListSilencesRequest{PageSize: 1000}, &alertv1.ListSilencesResponse{}
		for {
			answer, err := c.alert.ListSilences(cmd.Context(), connect.NewRequest(req))
			if err != nil {
				return conn.explain(err)
			}
			all.Silences = append(all.Silences, answer.Msg.Silences...)
			if req.PageToken = answer.Msg.NextPageToken; req.PageToken == "" {
				break
			}
		}
		r := result{message: all, empty: "No silences.", tables: []table{silenceTable(all.Silences)}}
		for _, s := range all.Silences {
			r.names = append(r.names, s.Id)
		}
		return p.print(r)
	}
	return cmd
}

// newSilence is what the flags of "silence add" say.
type newSilence struct {
	from       when
	lasts      time.Duration
	silence    alertv1.Silence
	occurrence time.Duration
}

func newSilenceAddCommand() *cobra.Command {
	n := newSilence{from: when{now: time.Now}}
	cmd := &cobra.Command{
		Use:   "add MATCHER…",
		Short: "Keep the alerts quiet that all matchers match",
		Long: `Keep the alerts quiet that all matchers match, such as service=shop, slo=~"shop-.*" or
severity!=page. With --rule the silence holds in each occurrence of an RFC 5545 rule.`,
		Example: `  plimsoll alerts silence add service=shop --for 2h --comment "moving the database"
  plimsoll alerts silence add service=batch --for 8760h --rule "FREQ=WEEKLY;BYDAY=SU" --each 3h --zone Europe/Berlin --comment backups`,
		Args: cobra.MinimumNArgs(1),
	}
	p, conn := addOutputFlag(cmd), addConnectionFlags(cmd, "operator")
	f := cmd.Flags()
	f.Var(&n.from, "from", "when it begins: a time; now if absent")
	f.DurationVar(&n.lasts, "for", 0, "how long it lasts")
	f.StringVar(&n.silence.Rule, "rule", "", "RFC 5545 rule, such as FREQ=WEEKLY;BYDAY=SU")
	f.DurationVar(&n.occurrence, "each", 0, "how long each occurrence of the rule lasts")
	f.StringVar(&n.silence.Zone, "zone", "", "time zone of the rule, such as Europe/Berlin")
	f.StringVar(&n.silence.Comment, "comment", "", "why")
	f.StringVar(&n.silence.CreatedBy, "by", "", "who; your user name if absent")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		s, err := n.proto(args, time.Now())
		if err != nil {
			return withExit(exitUsage, err)
		}
		c, err := conn.dial()
		if err != nil {
			return err
		}
		answer, err := c.alert.CreateSilence(cmd.Context(), connect.NewRequest(&alertv1.CreateSilenceRequest{Silence: s}))
		if err != nil {
			return conn.explain(err)
		}
		made := answer.Msg.Silence
		return p.print(result{message: answer.Msg, tables: []table{silenceTable([]*alertv1.Silence{made})}, names: []string{made.Id}})
	}
	return cmd
}

func (n *newSilence) proto(matchers []string, now time.Time) (*alertv1.Silence, error) {
	s := &alertv1.Silence{Rule: n.silence.Rule, Zone: n.silence.Zone, Comment: n.silence.Comment, CreatedBy: n.silence.CreatedBy}
	for _, text := range matchers {
		m, err := parseMatcher(text)
		if err != nil {
			return nil, err
		}
		s.Matchers = append(s.Matchers, m)
	}
	if n.lasts <= 0 {
		return nil, fmt.Errorf("--for is missing: say how long it lasts, such as --for 2h")
	}
	start := now
	if !n.from.time.IsZero() {
		start = n.from.time
	}
	s.StartsAt, s.EndsAt, s.Duration = timestamppb.New(start), timestamppb.New(start.Add(n.lasts)), optionalDuration(n.occurrence)
	if s.CreatedBy == "" {
		if u, err := user.Current(); err == nil {
			s.CreatedBy = u.Username
		}
	}
	return s, nil
}

// parseMatcher reads NAME=VALUE, NAME!=VALUE, NAME=~REGEX or NAME!~REGEX.
func parseMatcher(text string) (*alertv1.Matcher, error) {
	i := strings.IndexAny(text, "=!")
	if i > 0 && i+1 < len(text) {
		m := &alertv1.Matcher{Name: text[:i]}
		for _, op := range []struct {
			text          string
			negate, regex bool
		}{{"=~", false, true}, {"!~", true, true}, {"!=", true, false}, {"=", false, false}} {
			if value, ok := strings.CutPrefix(text[i:], op.text); ok {
				m.Value, m.Negate, m.Regex = value, op.negate, op.regex
				return m, nil
			}
		}
	}
	return nil, fmt.Errorf("%q is no matcher: write one such as service=shop or slo=~shop-.*", text)
}

func newSilenceEndCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "end SILENCE", Short: "End a silence now", Args: cobra.ExactArgs(1)}
	p, conn := addOutputFlag(cmd), addConnectionFlags(cmd, "operator")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		c, err := conn.dial()
		if err != nil {
			return err
		}
		answer, err := c.alert.EndSilence(cmd.Context(), connect.NewRequest(&alertv1.EndSilenceRequest{Id: args[0]}))
		if err != nil {
			return conn.explain(err)
		}
		t := table{columns: []column{textColumn("ENDED")}}
		t.add(clean(args[0]))
		return p.print(result{message: answer.Msg, tables: []table{t}, names: args})
	}
	return cmd
}

func silenceTable(list []*alertv1.Silence) table {
	t := table{columns: []column{
		textColumn("ID"), textColumn("MATCHERS"), textColumn("ACTIVE"), textColumn("STARTS_AT"), textColumn("ENDS_AT"),
		textColumn("RULE"), textColumn("BY"), textColumn("COMMENT"),
	}}
	for _, s := range list {
		ends := s.EndsAt
		if s.EndedAt != nil {
			ends = s.EndedAt
		}
		t.add(clean(s.Id), clean(matchersText(s.Matchers)), fmt.Sprint(s.Active), timeCell(s.StartsAt), timeCell(ends),
			clean(firstOf(s.Rule, "-")), clean(s.CreatedBy), clean(s.Comment))
	}
	return t
}

func matchersText(list []*alertv1.Matcher) string {
	texts := make([]string, len(list))
	for i, m := range list {
		op := map[[2]bool]string{{false, false}: "=", {true, false}: "!=", {false, true}: "=~", {true, true}: "!~"}[[2]bool{m.Negate, m.Regex}]
		texts[i] = m.Name + op + m.Value
	}
	return strings.Join(texts, ",")
}
