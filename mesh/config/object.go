package config

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	networkingv1 "istio.io/api/networking/v1"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// group is the API group of the kinds; its versions share their types.
const group = "networking.istio.io/"

var versions = [...]string{"v1", "v1beta1", "v1alpha3"}

// defaultNamespace is that of an object which names none.
const defaultNamespace = "default"

// object is one document, decoded.
type object struct {
	doc       yamlfile.Doc
	kind      string
	name      string
	namespace string
	spec      proto.Message
}

// envelope is what every kind has around its spec.
type envelope struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name        string            `yaml:"name"`
		Namespace   string            `yaml:"namespace"`
		Labels      map[string]string `yaml:"labels"`
		Annotations map[string]string `yaml:"annotations"`
	} `yaml:"metadata"`
	Spec map[string]any `yaml:"spec"`
}

// kinds are the objects that the mesh reads, with an empty spec of each.
func newSpec(kind string) proto.Message {
	switch kind {
	case "VirtualService":
		return new(networkingv1.VirtualService)
	case "DestinationRule":
		return new(networkingv1.DestinationRule)
	}
	return nil
}

// decode reads one document.
func decode(doc yamlfile.Doc) (*object, error) {
	var e envelope
	if err := doc.Decode(&e); err != nil {
		return nil, err
	}
	o := &object{doc: doc, kind: e.Kind, name: e.Metadata.Name, namespace: e.Metadata.Namespace}
	if o.namespace == "" {
		o.namespace = defaultNamespace
	}
	var errs yamlfile.Errors
	o.spec = newSpec(e.Kind)
	switch {
	case !knownVersion(e.APIVersion):
		errs.Add(doc.Errorf("apiVersion", "%q is not supported by the small mesh; it reads %s{%s}", e.APIVersion, group, strings.Join(versions[:], ", ")))
	case o.spec == nil:
		errs.Add(doc.Errorf("kind", "%q is not supported by the small mesh; it reads VirtualService and DestinationRule", e.Kind))
	case o.name == "":
		errs.Add(doc.Errorf("metadata.name", "must be set"))
	case e.Spec == nil:
		errs.Add(doc.Errorf("spec", "must be set"))
	}
	if len(errs) > 0 {
		return nil, errs
	}
	if err := decodeSpec(doc, e.Spec, o.kind, o.spec); err != nil {
		return nil, err
	}
	return o, nil
}

func knownVersion(apiVersion string) bool {
	for _, v := range versions {
		if apiVersion == group+v {
			return true
		}
	}
	return false
}

// String names the object in messages.
func (o *object) String() string {
	return fmt.Sprintf("%s %s.%s", o.kind, o.name, o.namespace)
}

// errorf makes an error at a path of the spec.
func (o *object) errorf(path, format string, args ...any) *yamlfile.Error {
	return o.doc.Errorf("spec."+path, format, args...)
}
