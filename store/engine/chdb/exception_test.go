package chdb

import "testing"

func TestNewExceptionReadsTheCode(t *testing.T) {
	tests := []struct {
		text string
		code int
		want string
	}{
		{"Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)", 60, "Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)"},
		{"Error: Code: 62. DB::Exception: x\n", 62, "Code: 62. DB::Exception: x"},
		{"something broke", CodeUnknown, "Code: 1002. DB::Exception: something broke. (UNKNOWN_EXCEPTION)"},
		{"he said Code: 60.", CodeUnknown, "Code: 1002. DB::Exception: he said Code: 60.. (UNKNOWN_EXCEPTION)"},
		{"Code: 99999999999999999999. x", CodeUnknown, "Code: 1002. DB::Exception: Code: 99999999999999999999. x. (UNKNOWN_EXCEPTION)"},
		{"", CodeUnknown, "Code: 1002. DB::Exception: . (UNKNOWN_EXCEPTION)"},
	}
	for _, tt := range tests {
		e := newException(tt.text)
		if e.Code != tt.code || e.Error() != tt.want {
			t.Errorf("newException(%q) = %d %q, want %d %q", tt.text, e.Code, e.Text, tt.code, tt.want)
		}
	}
}

func TestGoStringStopsAtZero(t *testing.T) {
	for _, text := range []string{"", "a", "26.7.3"} {
		if got := goString(pointer(cString(text))); got != text {
			t.Errorf("goString = %q, want %q", got, text)
		}
	}
	if got := goString(nil); got != "" {
		t.Errorf("goString(nil) = %q", got)
	}
}
