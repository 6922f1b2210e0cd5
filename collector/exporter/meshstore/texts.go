package meshstore

import (
	"math"
	"strconv"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// texts writes values that are not text into a buffer that is used again. What
// it returns is borrowed: it is valid until reset.
type texts struct {
	buf []byte
}

func (t *texts) reset() { t.buf = t.buf[:0] }

// value returns a value as text: a string as it is, all else as JSON, where
// bytes are base64.
func (t *texts) value(v pcommon.Value) string {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return v.Str()
	case pcommon.ValueTypeInt:
		return t.number(func(b []byte) []byte { return strconv.AppendInt(b, v.Int(), 10) })
	case pcommon.ValueTypeDouble:
		return t.number(func(b []byte) []byte { return appendFloat(b, v.Double()) })
	case pcommon.ValueTypeBool:
		return strconv.FormatBool(v.Bool())
	}
	return v.AsString()
}

// number lets write append to the buffer, and returns what it wrote. A buffer
// that grows leaves the old one to those who borrowed from it.
func (t *texts) number(write func([]byte) []byte) string {
	start := len(t.buf)
	t.buf = write(t.buf)
	return unsafe.String(unsafe.SliceData(t.buf[start:]), len(t.buf)-start)
}

// appendFloat writes a number as JSON does (ECMA-262, Number::toString): no
// exponent between 1e-6 and 1e21. What JSON has no number for is written as
// NaN, +Inf and -Inf.
func appendFloat(b []byte, f float64) []byte {
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	b = strconv.AppendFloat(b, f, format, -1, 64)
	if n := len(b); format == 'e' && n >= 4 && b[n-4] == 'e' && b[n-2] == '0' { // Go writes 1e-07
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}

// dash is what Envoy writes for a value that is not there.
const dash = "-"

// told returns a text of Envoy, "" where it says that there is none.
func told(text string) string {
	if text == dash {
		return ""
	}
	return text
}
