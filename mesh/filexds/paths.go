package filexds

import (
	"fmt"
	"path/filepath"

	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// maxSocketPath is what a unix socket's address holds (unix(7), 108 bytes with
// the final zero).
const maxSocketPath = 107

// Paths are the places of one proxy.
type Paths struct {
	Dir         string
	Bootstrap   string // start Envoy with it
	AdminSocket string
	RequestLog  string // written if Options.AccessLogs
	TryLog      string
}

// Paths returns the places of a workload's proxy.
func (p *Plane) Paths(w *model.Workload) (Paths, bool) {
	for _, x := range p.proxies {
		if x.workload.InstanceName() == w.InstanceName() && x.workload.Namespace == w.Namespace {
			return x.paths, true
		}
	}
	return Paths{}, false
}

func pathsOf(dir string, o Options, w *model.Workload) (Paths, error) {
	name := w.InstanceName() + "." + w.Namespace
	paths := Paths{Dir: filepath.Join(dir, name)}
	paths.Bootstrap = filepath.Join(paths.Dir, "bootstrap.json")
	paths.AdminSocket = filepath.Join(paths.Dir, "admin.sock")
	if o.SocketDir != "" {
		paths.AdminSocket = filepath.Join(o.SocketDir, name+".sock")
	}
	paths.RequestLog = envoyconf.RequestLogFile(paths.logBase())
	paths.TryLog = envoyconf.TryLogFile(paths.logBase())
	if len(paths.AdminSocket) > maxSocketPath {
		return Paths{}, fmt.Errorf("placing proxy %s: the path of its admin socket, %s, is longer than %d bytes; choose a shorter directory for the sockets",
			name, paths.AdminSocket, maxSocketPath)
	}
	return paths, nil
}

func (p Paths) logBase() string { return filepath.Join(p.Dir, "access") }
