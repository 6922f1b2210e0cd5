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
	for {
		for len(c.logs) > 0 {
			logs := c.logs
			key, v, end := next(logs, 0)
			if end < 0 {
				return End, nil, ErrMalformed
			}
			c.logs = logs[end:]
			if key == 1<<3|wireBytes {
				return c.kind, logs[v:end], nil
			}
		}
		if len(c.msg) == 0 {
			return End, nil, nil
		}
		if err := c.enter(); err != nil {
			return End, nil, err
		}
	}
}

// enter reads one field of the message, and makes its entries the next ones.
func (c *Cursor) enter() error {
	key, v, end := next(c.msg, 0)
	if end < 0 {
		return ErrMalformed
	}
	switch key {
	case 2<<3 | wireBytes:
		c.kind, c.logs = HTTP, c.msg[v:end]
	case 3<<3 | wireBytes:
		c.kind, c.logs = TCP, c.msg[v:end]
	}
	c.msg = c.msg[end:]
	return nil
}

// Identifier reads the identifier of a message into n and returns whether
// there is one: Envoy sends it with the first message of a stream only.
func (n *Node) Identifier(msg []byte) (found bool, err error) {
	for i := 0; i < len(msg) && err == nil; {
		key, v, end := next(msg, i)
		if end < 0 {
			return found, ErrMalformed
		}
		if key == 1<<3|wireBytes {
			found = true
			err = n.Decode(msg[v:end])
		}
		i = end
	}
	return found, err
}
