package pool

import (
	"maps"
	"slices"
	"strings"
)

// Session is what a connection carries.
type Session struct {
	Database string            // current database; "" is the engine's default
	Settings map[string]string // on top of the settings of every connection
}

// key is equal for equal sessions.
func (s Session) key() string {
	var b strings.Builder
	b.WriteString(s.Database)
	for _, name := range slices.Sorted(maps.Keys(s.Settings)) {
		b.WriteString("\x00" + name + "\x00" + s.Settings[name])
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
	return "USE " + quoteName(database)
}

// quote writes s as a string literal.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// quoteName writes s as a quoted identifier.
func quoteName(s string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(s) + "`"
}
