package scenario

import "testing"

func TestShipped(t *testing.T) {
	for _, name := range []string{"pair", "bookinfo"} {
		t.Run(name, func(t *testing.T) {
			if _, err := Read("../scenarios/" + name + ".yaml"); err != nil {
				t.Error(err)
			}
		})
	}
}
