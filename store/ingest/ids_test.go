package ingest

import "testing"

// TestWhichRequestIDsAreStored: those by which a row could not be found or
// joined otherwise.
func TestWhichRequestIDsAreStored(t *testing.T) {
	const distinct, same = "0d6f7a52-7f0c-4a4e-9c40-7f2f1f1e9a10", "01020304-0506-0708-090a-0b0c0d0e0f10"
	call := [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	trace, none := [16]byte{15: 1}, [16]byte{}
	for name, tc := range map[string]struct {
		id                     string
		call, trace            [16]byte
		request, attempt, span string
	}{
		"the only key":               {distinct, none, none, distinct, distinct, distinct},
		"a trace alone":              {distinct, none, trace, distinct, distinct, distinct},
		"a call alone":               {distinct, call, none, distinct, "", distinct},
		"call and trace":             {distinct, call, trace, "", "", distinct},
		"the call's id in text form": {same, call, none, "", "", ""},
		"none":                       {"", none, none, "", "", ""},
		"no UUID":                    {"abc", none, none, "abc", "abc", "abc"},
	} {
		t.Run(name, func(t *testing.T) {
			request, attempt, span := requestIDOf(tc.id, &tc.call, &tc.trace), attemptIDOf(tc.id, &tc.call), spanIDOf(tc.id, &tc.call)
			if request != tc.request || attempt != tc.attempt || span != tc.span {
				t.Errorf("stored with a request %q, a try %q, a span %q; want %q, %q, %q", request, attempt, span, tc.request, tc.attempt, tc.span)
			}
		})
	}
}
