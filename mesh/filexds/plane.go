package filexds

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// Options are what a Plane needs besides the mesh.
type Options struct {
	Collector  string // access-log receiver: "host:port" or the path of a unix socket
	AccessLogs bool   // also write each proxy's rows to files in its directory
	SocketDir  string // for the admin sockets, whose paths must be short; "": the proxy's directory
	Token      string // what callers of the API must present; "" refuses them all
}

// Plane writes and changes the files of all proxies. Its methods may be called
// from several goroutines; changes happen one after the other.
type Plane struct {
	options  Options
	proxies  []*proxy
	started  *model.Mesh   // what the bootstrap files say
	patience time.Duration // with one step of one proxy

	mu    sync.Mutex
	state state
}

// state is what the files are rendered from.
type state struct {
	configured *model.Mesh
	overrides  overrides
}

// proxy is one workload's Envoy.
type proxy struct {
	name     string // "mesh/cluster/namespace/instance"
	workload *model.Workload
	paths    Paths
	admin    *admin
	files    fileSet // as last written, or to be written
}

// New prepares the files of the mesh below dir, an absolute path. Nothing is
// written yet.
func New(m *model.Mesh, dir string, o Options) (*Plane, error) {
	if err := errors.Join(m.Validate(), envoyconf.Rendered(m)); err != nil {
		return nil, fmt.Errorf("checking mesh %s: %w", m.Name, err)
	}
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("placing proxies in %q: the path must be absolute, Envoy has its own working directory", dir)
	}
	p := &Plane{options: o, started: m, patience: confirmWithin, state: state{configured: m}}
	for _, w := range m.Workloads {
		paths, err := pathsOf(dir, o, w)
		if err != nil {
			return nil, err
		}
		files, err := p.render(p.state, w, paths)
		if err != nil {
			return nil, err
		}
		p.proxies = append(p.proxies, &proxy{name: proxyName(m, w), workload: w, paths: paths, admin: newAdmin(paths.AdminSocket), files: files})
	}
	return p, nil
}

// proxyName names one proxy: the node id, with the copy's name for that of a
// workload that has several.
func proxyName(m *model.Mesh, w *model.Workload) string {
	return m.Name + "/" + m.Cluster + "/" + w.Namespace + "/" + w.InstanceName()
}

// Write writes all files of all proxies, for their first start: what is in
// force now.
func (p *Plane) Write(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.proxies {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("writing files of %s: %w", x.name, err)
		}
		if err := p.writeProxy(x); err != nil {
			return err
		}
	}
	return nil
}

func (p *Plane) writeProxy(x *proxy) error {
	boot, err := envoyconf.Bootstrap(p.started, x.workload, p.envoyOptions(x.paths))
	if err != nil {
		return err
	}
	text, err := envoyconf.JSON(boot)
	if err != nil {
		return err
	}
	for _, f := range append(x.files.all(), file{path: x.paths.Bootstrap, content: text}) {
		if err := f.write(); err != nil {
			return fmt.Errorf("writing files of %s: %w", x.name, err)
		}
	}
	return nil
}

func (p *Plane) envoyOptions(paths Paths) envoyconf.Options {
	o := envoyconf.Options{Dir: paths.Dir, AdminSocket: paths.AdminSocket, Collector: p.options.Collector}
	if p.options.AccessLogs {
		o.AccessLogFile = paths.logBase()
	}
	return o
}
