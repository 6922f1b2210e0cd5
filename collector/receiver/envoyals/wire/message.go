package wire

// Kind tells what an entry of a message is.
type Kind uint8

// The kinds of entries. End closes a walk.
const (
	End Kind = iota
	HTTP
	TCP
)

// Cursor walks over the entries of one StreamAccessLogsMessage.
type Cursor struct {
	msg  []byte // what is left of the message
	logs []byte // what is left of the current http_logs or tcp_logs
	kind Kind   // of the entries in logs
}

// NewCursor returns a cursor before the first entry of msg.
func NewCursor(msg []byte) Cursor { return Cursor{msg: msg} }

// Next returns the next entry; End after the last one. After an error the walk
// is over, since the borders of what follows are unknown.
func (c *Cursor) Next() (Kind, []byte, error) {
	var f field
	for {
		for len(c.logs) > 0 {
			rest, err := f.next(c.logs)
			if err != nil {
				return End, nil, err
			}
			c.logs = rest
			if f.key == 1<<3|wireBytes {
				return c.kind, f.data, nil
			}
		}
		if len(c.msg) == 0 {
			return End, nil, nil
		}
		rest, err := f.next(c.msg)
		if err != nil {
			return End, nil, err
		}
		c.msg = rest
		c.enter(&f)
	}
}

func (c *Cursor) enter(f *field) {
	switch f.key {
	case 2<<3 | wireBytes:
		c.kind, c.logs = HTTP, f.data
	case 3<<3 | wireBytes:
		c.kind, c.logs = TCP, f.data
	}
}

// Identifier reads the identifier of a message into n and returns whether
// there is one: Envoy sends it with the first message of a stream only.
func (n *Node) Identifier(msg []byte) (found bool, err error) {
	var f field
	for len(msg) > 0 {
		if msg, err = f.next(msg); err != nil {
			return found, err
		}
		if f.key != 1<<3|wireBytes {
			continue
		}
		found = true
		if err = n.Decode(f.data); err != nil {
			return found, err
		}
	}
	return found, nil
}
