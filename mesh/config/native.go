package config

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// meshObject is the native kind Mesh: what holds for all.
type meshObject struct {
	*object
	spec meshSpec
}

type meshSpec struct {
	Cluster        string            `yaml:"cluster"`
	RootNamespace  string            `yaml:"rootNamespace"`
	TrustDomain    string            `yaml:"trustDomain"`
	CertificateTTL yamlfile.Duration `yaml:"certificateTTL"`
}

// nativeDoc is the envelope with a spec of our own.
type nativeDoc[T any] struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       T        `yaml:"spec"`
	Status     any      `yaml:"status"`
}

func readNative[T any](o *object) (T, error) {
	var d nativeDoc[T]
	err := o.doc.Decode(&d)
	return d.Spec, err
}

func (c *Config) addMesh(o *object) error {
	spec, err := readNative[meshSpec](o)
	if err != nil {
		return err
	}
	f := findings{object: o}
	if spec.TrustDomain != "" && !dnsName.MatchString(spec.TrustDomain) {
		f.bad("trustDomain", "%q is no name of a trust domain", spec.TrustDomain)
	}
	if spec.RootNamespace != "" && !label.MatchString(spec.RootNamespace) {
		f.bad("rootNamespace", "%q is no name of a namespace", spec.RootNamespace)
	}
	if ttl := spec.CertificateTTL.D(); ttl != 0 && (ttl < time.Minute || ttl > 24*time.Hour) {
		f.bad("certificateTTL", "%v is not between 1m and 24h", ttl)
	}
	if len(f.errs) > 0 {
		return f.errs
	}
	if c.mesh != nil {
		return conflict{o.doc.Errorf("metadata.name", "the mesh is already described by %s", c.mesh)}
	}
	c.mesh = &meshObject{o, spec}
	return nil
}

// rootNamespace is Istio's where nobody names another.
func (c *Config) rootNamespace() string {
	if c.mesh == nil || c.mesh.spec.RootNamespace == "" {
		return "istio-system"
	}
	return c.mesh.spec.RootNamespace
}

// rateLimitSpec is a local rate limit of the calls that one proxy lets in.
type rateLimitSpec struct {
	Requests uint32            `yaml:"requests"`
	Per      yamlfile.Duration `yaml:"per"`   // 0: 1s
	Burst    uint32            `yaml:"burst"` // 0: requests
}

func (r *rateLimitSpec) read(f *findings, at string) *model.RateLimit {
	if r == nil {
		return nil
	}
	out := &model.RateLimit{Requests: r.Requests, Per: r.Per.D(), Burst: r.Burst}
	if out.Requests == 0 {
		f.bad(at+".requests", "must be at least 1")
	}
	if out.Per == 0 {
		out.Per = time.Second
	}
	if out.Per < 50*time.Millisecond {
		f.bad(at+".per", "%v is less than 50ms, as Envoy's buckets need", out.Per)
	}
	if out.Burst == 0 {
		out.Burst = out.Requests
	}
	if out.Burst < out.Requests {
		f.bad(at+".burst", "%d is less than requests", out.Burst)
	}
	return out
}

// workload is the native kind Workload: one copy and its proxy.
type workload struct {
	*object
	model *model.Workload
}

type workloadSpec struct {
	Service        string            `yaml:"service"`
	Workload       string            `yaml:"workload"` // "": the object's name
	Version        string            `yaml:"version"`
	ServiceAccount string            `yaml:"serviceAccount"`
	Labels         map[string]string `yaml:"labels"`
	Address        string            `yaml:"address"`
	InboundPort    int               `yaml:"inboundPort"`
	AppPort        int               `yaml:"appPort"`
	Upstreams      []upstreamSpec    `yaml:"upstreams"`
	RateLimit      *rateLimitSpec    `yaml:"rateLimit"`
}

type upstreamSpec struct {
	Host      string `yaml:"host"`
	LocalPort int    `yaml:"localPort"`
}

func readWorkload(o *object) (*workload, error) {
	spec, err := readNative[workloadSpec](o)
	if err != nil {
		return nil, err
	}
	f := findings{object: o}
	if spec.Service == "" {
		f.bad("service", "must be set")
	}
	f.identifier(spec.Service, "service")
	f.identifier(spec.Workload, "workload")
	f.identifier(spec.ServiceAccount, "serviceAccount")
	if _, err := netip.ParseAddr(spec.Address); err != nil {
		f.bad("address", "%q is no IP", spec.Address)
	}
	w := &model.Workload{
		Name: spec.Workload, Namespace: o.namespace, Instance: o.name, Service: spec.Service, Version: spec.Version,
		ServiceAccount: spec.ServiceAccount, Labels: spec.Labels, Address: spec.Address,
		InboundPort: spec.InboundPort, AppPort: spec.AppPort, RateLimit: spec.RateLimit.read(&f, "rateLimit"),
	}
	if w.Name == "" || w.Name == o.name {
		w.Name, w.Instance = o.name, ""
	}
	return &workload{o, w}, f.errs.Err()
}

// identifier refuses what could not stand in an identity; "" is not set.
func (f *findings) identifier(text, at string) {
	if text != "" && !label.MatchString(text) {
		f.bad(at, "%q is no name; write lower-case letters, digits and -", text)
	}
}

// upstreams resolves the hosts that a native workload calls, once all are read.
func (c *Config) upstreams(w *workload) ([]model.Upstream, error) {
	spec, err := readNative[workloadSpec](w.object)
	if err != nil {
		return nil, err
	}
	var out []model.Upstream
	f := findings{object: w.object}
	for i, u := range spec.Upstreams {
		host, err := c.hosts.parse(u.Host, w.namespace)
		if err != nil {
			f.bad(fmt.Sprintf("upstreams[%d].host", i), "%v", err)
		}
		out = append(out, model.Upstream{Service: host.name, Namespace: host.namespace, LocalPort: u.LocalPort})
	}
	return out, f.errs.Err()
}

// service is the native kind Service: what a registry would say of one.
type service struct {
	*object
	spec  serviceSpec
	limit *model.RateLimit
}

type serviceSpec struct {
	Port      int            `yaml:"port"`
	RateLimit *rateLimitSpec `yaml:"rateLimit"` // of each of its workloads that has none
}

func readService(o *object) (*service, error) {
	spec, err := readNative[serviceSpec](o)
	if err != nil {
		return nil, err
	}
	f := findings{object: o}
	if spec.Port < 1 || spec.Port > 65535 {
		f.bad("port", "%d is not a port", spec.Port)
	}
	return &service{o, spec, spec.RateLimit.read(&f, "rateLimit")}, f.errs.Err()
}
