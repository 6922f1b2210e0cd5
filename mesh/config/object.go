package config

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// defaultNamespace is that of an object which names none.
const defaultNamespace = "default"

// unsupported is what is wrong with what Istio would accept.
const unsupported = "not supported by the small mesh"

// object is one document, decoded.
type object struct {
	doc       yamlfile.Doc
	kind      string
	name      string
	namespace string
	created   time.Time     // zero: not known
	spec      proto.Message // nil for kinds that are not Istio's
	warnings  yamlfile.Errors
}

// metadata is that of an object in any API group. What a cluster adds is read
// past, so that its own output can be read back.
type metadata struct {
	Name              string            `yaml:"name"`
	Namespace         string            `yaml:"namespace"`
	Labels            map[string]string `yaml:"labels"`
	Annotations       map[string]string `yaml:"annotations"`
	CreationTimestamp string            `yaml:"creationTimestamp"`
	UID               string            `yaml:"uid"`
	ResourceVersion   string            `yaml:"resourceVersion"`
	Generation        int64             `yaml:"generation"`
	ManagedFields     any               `yaml:"managedFields"`
}

// envelope is what every kind has around its spec.
type envelope struct {
	APIVersion string         `yaml:"apiVersion"`
	Kind       string         `yaml:"kind"`
	Metadata   metadata       `yaml:"metadata"`
	Spec       map[string]any `yaml:"spec"`
	Status     any            `yaml:"status"` // a cluster's, read past
}

// decode reads one document. The object is not nil as soon as its kind and name
// are known, so that findings can be told as its own.
func decode(doc yamlfile.Doc, lenient bool) (*object, error) {
	var e envelope
	if err := doc.Decode(&e); err != nil {
		return nil, err
	}
	o := &object{doc: doc, kind: e.Kind, name: e.Metadata.Name, namespace: e.Metadata.Namespace}
	if o.namespace == "" {
		o.namespace = defaultNamespace
	}
	if err := o.checkEnvelope(&e); err != nil {
		return o, err
	}
	o.spec = newSpec(o.kind)
	if o.spec == nil {
		return o, nil
	}
	w := walker{doc: doc, kind: o.kind, lenient: lenient}
	err := w.decode(e.Spec, o.spec)
	o.warnings = w.warnings
	return o, err
}

func (o *object) checkEnvelope(e *envelope) error {
	group, known := groups[o.kind]
	of, _, _ := strings.Cut(e.APIVersion, "/")
	switch {
	case versions[of] == nil || known && !knownVersion(group, e.APIVersion):
		return o.doc.Errorf("apiVersion", "%q is %s; it reads %s", e.APIVersion, unsupported, readable(group))
	case !known:
		return o.doc.Errorf("kind", "%q is %s", o.kind, unsupported)
	case o.name == "":
		return o.doc.Errorf("metadata.name", "must be set")
	case e.Spec == nil && o.kind != "PeerAuthentication" && o.kind != "AuthorizationPolicy" && o.kind != "Sidecar":
		return o.doc.Errorf("spec", "must be set")
	}
	if at := e.Metadata.CreationTimestamp; at != "" {
		created, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return o.doc.Errorf("metadata.creationTimestamp", "%q is no time as in RFC 3339", at)
		}
		o.created = created
	}
	return nil
}

// readable lists the apiVersions of a group, or of all.
func readable(group string) string {
	list := []string{networking, security, telemetry, gatewayAPI, native}
	if group != "" {
		list = []string{group}
	}
	for i, g := range list {
		list[i] = g + "/{" + strings.Join(versions[g], ", ") + "}"
	}
	return strings.Join(list, ", ")
}

// String names the object in messages.
func (o *object) String() string {
	return fmt.Sprintf("%s %s.%s", o.kind, o.name, o.namespace)
}

// errorf makes an error at a path of the spec.
func (o *object) errorf(path, format string, args ...any) *yamlfile.Error {
	if path != "" {
		path = "." + path
	}
	return o.doc.Errorf("spec"+path, format, args...)
}

// older orders objects as Istio does where the oldest wins: by their time, then
// by their names.
func older(a, b *object) int {
	if !a.created.Equal(b.created) {
		return a.created.Compare(b.created)
	}
	return strings.Compare(a.name+"."+a.namespace, b.name+"."+b.namespace)
}

// findings collects the errors of one object's fields.
type findings struct {
	*object
	errs yamlfile.Errors
}

func (f *findings) bad(path, format string, args ...any) {
	f.errs.Add(f.errorf(path, format, args...))
}
