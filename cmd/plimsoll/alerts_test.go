package main

import (
	"strings"
	"testing"
	"time"
)

func TestAlertDeliveries(t *testing.T) {
	script(t, "alerts_deliveries", fakes(),
		"alerts deliveries",
		"alerts deliveries --target demo -o json",
		"alerts deliveries -o name",
		"alerts deliveries --state skipped",
		"alerts replay msg_9",
		"alerts replay msg_9 -o name",
		"alerts replay msg_0",
	)
}

func TestAlertSilences(t *testing.T) {
	script(t, "alerts_silence", fakes(),
		"alerts silence list",
		"alerts silence list -o json",
		"alerts silence add service=shop --for 2h --by ann --comment moving",
		"alerts silence add slo!~shop-.* --for 2h --by ann --comment c --rule FREQ=DAILY --each 1h -o name",
		"alerts silence add shop --for 2h",
		"alerts silence add service=shop",
		"alerts silence end sil_1",
		"alerts silence end sil_2",
	)
}

// TestAlertHelp keeps the help of every command below alerts.
func TestAlertHelp(t *testing.T) {
	for _, command := range []string{"deliveries", "replay", "silence", "silence list", "silence add", "silence end"} {
		got := plimsoll(t.Context(), append(strings.Fields("alerts "+command), "--help")...)
		if got.code != exitOK || got.stderr != "" {
			t.Errorf("%s: exit code %d, stderr %q", command, got.code, got.stderr)
		}
		checkFile(t, "help_alerts_"+strings.ReplaceAll(command, " ", "_")+".txt", got.stdout)
	}
}

func TestParseMatcher(t *testing.T) {
	for text, want := range map[string]string{
		"service=shop": "service=shop", "slo=~a.*": "slo=~a.*", "severity!=page": "severity!=page", "slo!~x": "slo!~x", "slo==x": "slo==x",
		"shop": "", "=x": "", "slo=": "", "slo!": "", "": "",
	} {
		got := ""
		if m, err := parseMatcher(text); err == nil {
			got = m.Name + map[bool]map[bool]string{false: {false: "=", true: "=~"}, true: {false: "!=", true: "!~"}}[m.Negate][m.Regex] + m.Value
		}
		if got != want {
			t.Errorf("%q reads as %q, want %q", text, got, want)
		}
	}
}

func TestSilenceStarts(t *testing.T) {
	now := noon(0).AsTime()
	n := newSilence{lasts: time.Hour}
	s, err := n.proto([]string{"slo=x"}, now)
	if err != nil || !s.StartsAt.AsTime().Equal(now) || !s.EndsAt.AsTime().Equal(now.Add(time.Hour)) || s.CreatedBy == "" {
		t.Errorf("silence %v, %v", s, err)
	}
	n.from.time = now.Add(time.Minute)
	if s, _ = n.proto([]string{"slo=x"}, now); !s.StartsAt.AsTime().Equal(now.Add(time.Minute)) {
		t.Errorf("starts at %v", s.StartsAt.AsTime())
	}
}
