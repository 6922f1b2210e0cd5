package wire

// flagUnauthorized is the one field of ResponseFlags that is a message; all
// others are booleans.
const flagUnauthorized = 13

// maxFlag is the highest field number that fits the bit set.
const maxFlag = 64

// decodeFlags reads a ResponseFlags into a bit set. Flags newer than this code
// get their bit, too.
func decodeFlags(flags *uint64, b []byte) error {
	for i := 0; i < len(b); {
		key, v, end := next(b, i)
		if end < 0 {
			return ErrMalformed
		}
		i = end
		n := key >> 3
		switch {
		case n > maxFlag:
		case key == flagUnauthorized<<3|wireBytes, key&7 == wireVarint && n != flagUnauthorized && v != 0:
			*flags |= 1 << (n - 1)
		case key&7 == wireVarint && n != flagUnauthorized:
			*flags &^= 1 << (n - 1)
		}
	}
	return nil
}
