package wire

// flagUnauthorized is the one field of ResponseFlags that is a message; all
// others are booleans.
const flagUnauthorized = 13

// maxFlag is the highest field number that fits the bit set.
const maxFlag = 64

// decodeFlags reads a ResponseFlags into a bit set. Flags newer than this code
// get their bit, too.
func decodeFlags(flags *uint64, b []byte) (err error) {
	var f field
	for len(b) > 0 && err == nil {
		if b, err = f.next(b); err != nil {
			break
		}
		n := f.key >> 3
		switch {
		case n > maxFlag:
		case f.key == flagUnauthorized<<3|wireBytes, f.key&7 == wireVarint && n != flagUnauthorized && f.num != 0:
			*flags |= 1 << (n - 1)
		case f.key&7 == wireVarint && n != flagUnauthorized:
			*flags &^= 1 << (n - 1)
		}
	}
	return err
}
