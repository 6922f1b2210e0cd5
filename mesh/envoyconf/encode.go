package envoyconf

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// JSON returns the message as indented JSON. Unlike protojson's own output,
// whose spaces differ from build to build on purpose, the bytes are stable.
func JSON(m proto.Message) ([]byte, error) {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("indenting %s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// Discovery wraps one resource as the response that Envoy reads from a file,
// and returns its version: a hash of the content, so that equal content is
// never a change.
func Discovery(resource proto.Message) (*discoveryv3.DiscoveryResponse, string, error) {
	packed := new(anypb.Any)
	if err := anypb.MarshalFrom(packed, resource, proto.MarshalOptions{Deterministic: true}); err != nil {
		return nil, "", fmt.Errorf("packing %s: %w", resource.ProtoReflect().Descriptor().FullName(), err)
	}
	sum := sha256.Sum256(packed.GetValue())
	version := "v" + hex.EncodeToString(sum[:8])
	return &discoveryv3.DiscoveryResponse{
		VersionInfo: version,
		TypeUrl:     packed.GetTypeUrl(),
		Resources:   []*anypb.Any{packed},
	}, version, nil
}
