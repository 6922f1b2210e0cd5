package envoyconf

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// validated is what protoc-gen-validate adds to each message of Envoy's API.
type validated interface {
	proto.Message
	ValidateAll() error
}

// packer wraps messages into Any. ValidateAll does not look into an Any, so
// each message is checked as it is packed; the first error is kept.
type packer struct{ err error }

func (p *packer) any(m validated) *anypb.Any {
	p.check(m)
	packed := new(anypb.Any)
	// Deterministic, so that equal configurations have equal bytes.
	err := anypb.MarshalFrom(packed, m, proto.MarshalOptions{Deterministic: true})
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("packing %s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	return packed
}

func (p *packer) check(m validated) {
	if err := m.ValidateAll(); err != nil && p.err == nil {
		p.err = fmt.Errorf("checking %s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
}
