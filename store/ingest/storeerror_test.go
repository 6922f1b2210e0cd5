package ingest

import (
	"context"
	"fmt"
	"io"
	"testing"
)

func TestPermanent(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want bool
	}{
		"no answer":                    {io.ErrUnexpectedEOF, false},
		"timeout of the client":        {context.DeadlineExceeded, false},
		"some web server's 404":        {&storeError{404, 0, "not found"}, false},
		"a proxy's 502":                {&storeError{502, 0, ""}, false},
		"a 400 that names no code":     {&storeError{400, 0, "bad request"}, false},
		"memory limit":                 {&storeError{500, 241, ""}, false},
		"timeout of the server":        {&storeError{408, 159, ""}, false},
		"too many queries":             {&storeError{500, 202, ""}, false},
		"network between servers":      {&storeError{500, 210, ""}, false},
		"socket timeout":               {&storeError{500, 209, ""}, false},
		"disk full":                    {&storeError{500, 243, ""}, false},
		"table is read-only":           {&storeError{500, 242, ""}, false},
		"no such table (yet)":          {&storeError{404, 60, ""}, false},
		"no such database (yet)":       {&storeError{404, 81, ""}, false},
		"wrong password":               {&storeError{403, 516, ""}, false},
		"no grant":                     {&storeError{403, 497, ""}, false},
		"merges lag behind":            {&storeError{500, 252, "Too many parts (3001) in table requests. Merges are processing significantly slower than inserts"}, false},
		"too many partitions":          {&storeError{500, 252, "Too many partitions for single INSERT block (more than 100)"}, true},
		"no such column":               {&storeError{404, 16, ""}, true},
		"unknown identifier":           {&storeError{404, 47, ""}, true},
		"column dropped in silence":    {&storeError{500, 117, ""}, true},
		"type mismatch":                {&storeError{400, 53, ""}, true},
		"cut body":                     {&storeError{500, 33, ""}, true},
		"damaged frame":                {&storeError{500, 40, ""}, true},
		"unknown setting":              {&storeError{404, 115, ""}, true},
		"a view that throws":           {&storeError{500, 395, ""}, true},
		"a new code, called bad input": {&storeError{400, 99_999, ""}, true},
		"a new code, of the server":    {&storeError{500, 99_999, ""}, false},
		"exception under status 200":   {&storeError{200, 0, "Code: 241"}, false},
		"wrapped":                      {fmt.Errorf("x: %w", &storeError{500, 117, ""}), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := permanent(tc.err); got != tc.want {
				t.Errorf("permanent(%v) = %t, want %t", tc.err, got, tc.want)
			}
		})
	}
}
