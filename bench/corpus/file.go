package corpus

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxMessage bounds the length of a message in a file.
const maxMessage = 16 << 20

// Message is one StreamAccessLogsMessage of a stream.
type Message struct {
	Stream int
	Bytes  []byte
}

// Load reads a recording from a file.
func Load(path string) ([]Message, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("loading a recording: %w", err)
	}
	defer f.Close()
	messages, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("loading recording %s: %w", path, err)
	}
	return messages, nil
}

// Read reads a recording.
func Read(r io.Reader) ([]Message, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	in := bufio.NewReader(z)
	var out []Message
	for {
		m, err := readMessage(in)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading message %d: %w", len(out)+1, err)
		}
		out = append(out, m)
	}
}

func readMessage(in *bufio.Reader) (Message, error) {
	stream, err := binary.ReadUvarint(in)
	if err != nil {
		return Message{}, err
	}
	length, err := binary.ReadUvarint(in)
	if err != nil {
		return Message{}, noEOF(err)
	}
	if length > maxMessage {
		return Message{}, fmt.Errorf("a length of %d bytes is beyond %d", length, maxMessage)
	}
	m := Message{Stream: int(stream), Bytes: make([]byte, length)}
	_, err = io.ReadFull(in, m.Bytes)
	return m, noEOF(err)
}

// noEOF makes an end within a message an error.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Write writes a recording.
func Write(w io.Writer, messages []Message) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	var head []byte
	for _, m := range messages {
		head = binary.AppendUvarint(head[:0], uint64(m.Stream))
		head = binary.AppendUvarint(head, uint64(len(m.Bytes)))
		if _, err := z.Write(head); err != nil {
			return err
		}
		if _, err := z.Write(m.Bytes); err != nil {
			return err
		}
	}
	return z.Close()
}
