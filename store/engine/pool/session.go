package pool

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Session is what a connection carries.
type Session struct {
	Database string            // current database; "" is the engine's default
	Settings map[string]string // on top of the settings of every connection
}

// key is equal for equal sessions only: values are quoted, as they may hold any
// byte.
func (s Session) key() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q", s.Database)
	for _, name := range slices.Sorted(maps.Keys(s.Settings)) {
		fmt.Fprintf(&b, " %q=%q", name, s.Settings[name])
	}
	return b.String()
}

// setStatement applies all settings at once: readonly, among them, must not
// forbid the others.
func setStatement(settings map[string]string) string {
	var b strings.Builder
	b.WriteString("SET ")
	for i, name := range slices.Sorted(maps.Keys(settings)) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name + " = " + quote(settings[name]))
	}
	return b.String()
}

func useStatement(database string) string {
	return "USE " + QuoteName(database)
}

// quote writes s as a string literal.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// QuoteName writes s as a quoted identifier.
func QuoteName(s string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(s) + "`"
}
