package rows

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	datav3 "github.com/envoyproxy/go-control-plane/envoy/data/accesslog/v3"
	"google.golang.org/protobuf/encoding/prototext"

	"github.com/plimsoll-mesh/plimsoll/internal/golden"
	"github.com/plimsoll-mesh/plimsoll/record"
)

// TestCases replays the files in testdata. Each begins with prose, and then has
// entries in protobuf text form with the row that each becomes:
//
//	entry <log name>
//	common_properties {…}
//	----
//	request
//	  Src: …
//
// Fields that are zero are left out. The entries of a log whose name begins with
// "tcp" are TCP entries.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := replay(t, string(data))
			golden.Check(t, path, []byte(got))
		})
	}
}

// replay returns the text of a file with the rows as they come out.
func replay(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	prose, rest, more := strings.Cut(text, "\nentry ")
	out.WriteString(prose + "\n")
	for more {
		var section string
		section, rest, more = strings.Cut(rest, "\nentry ")
		input, _, ok := strings.Cut(section, "\n----\n")
		if !ok {
			t.Fatalf("entry without ----:\n%s", section)
		}
		log, entry, _ := strings.Cut(input, "\n")
		fmt.Fprintf(&out, "entry %s\n----\n%s", input, rowOf(t, log, entry))
		if more {
			out.WriteString("\n")
		}
	}
	return out.String()
}

// rowOf turns an entry into the text of its row.
func rowOf(t *testing.T, log, text string) string {
	t.Helper()
	if strings.HasPrefix(log, "tcp") {
		return flowOf(t, log, text)
	}
	var generated datav3.HTTPAccessLogEntry
	if err := prototext.Unmarshal([]byte(text), &generated); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	e := decode(t, &generated)
	s := NewStream(NewReporter(node(t, log)), NewCaps())
	kind, reason := KindOf(e, log)
	switch kind {
	case Request:
		var r record.Request
		s.Request(e, received(), &r)
		return "request\n" + fields(reflect.ValueOf(r))
	case Attempt:
		var a record.Attempt
		s.Attempt(e, received(), &a)
		return "try\n" + fields(reflect.ValueOf(a))
	case Interim:
		return "interim\n"
	}
	return "refused: " + reason.String() + "\n"
}

// flowOf turns a TCP entry into the text of its row.
func flowOf(t *testing.T, log, text string) string {
	t.Helper()
	var generated datav3.TCPAccessLogEntry
	if err := prototext.Unmarshal([]byte(text), &generated); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	e := decodeTCP(t, &generated)
	switch kind, reason := KindOfTCP(e); kind {
	case Flow:
		var f record.Flow
		NewStream(NewReporter(node(t, log)), NewCaps()).Flow(e, received(), &f)
		return "flow\n" + fields(reflect.ValueOf(f))
	case Interim:
		return "interim\n"
	default:
		return "refused: " + reason.String() + "\n"
	}
}

// fields lists the fields of a record that are not zero, one a line.
func fields(v reflect.Value) string {
	var out strings.Builder
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; !v.Field(i).IsZero() {
			fmt.Fprintf(&out, "  %s: %s\n", name, value(v.Field(i).Interface()))
		}
	}
	return out.String()
}

func value(v any) string {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format("15:04:05.000000")
	case record.Peer:
		return fmt.Sprintf("%s (service %q, version %q, principal %q, by %s)", v.ID, v.Service, v.Version, v.Principal, v.Source)
	case [16]byte, [8]byte:
		return fmt.Sprintf("%x", v)
	}
	return fmt.Sprint(v)
}
