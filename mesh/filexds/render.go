package filexds

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/plimsoll-mesh/plimsoll/mesh/envoyconf"
	"github.com/plimsoll-mesh/plimsoll/mesh/model"
)

// render returns the changeable files of a workload's proxy in a state.
func (p *Plane) render(st state, w *model.Workload, paths Paths) (fileSet, error) {
	var set fileSet
	var started, want []*model.Service
	for _, u := range w.Upstreams {
		s, err := st.effective(w, u)
		if err != nil {
			return fileSet{}, err
		}
		started, want = append(started, p.started.Service(u.Namespace, u.Service)), append(want, s)
		routes, err := envoyconf.RouteConfig(st.configured, w, s)
		if err != nil {
			return fileSet{}, err
		}
		f, err := discoveryFile(envoyconf.RouteFile(paths.Dir, s), routes.GetName(), routes)
		if err != nil {
			return fileSet{}, err
		}
		set.routes = append(set.routes, f)
	}
	layer, err := envoyconf.Runtime(started, want)
	if err != nil {
		return fileSet{}, err
	}
	set.runtime, err = discoveryFile(envoyconf.RuntimeFile(paths.Dir), layer.GetName(), layer)
	set.runtime.version = layer.GetLayer().GetFields()[envoyconf.VersionKey].GetStringValue()
	return set, err
}

func discoveryFile(path, name string, resource proto.Message) (file, error) {
	response, version, err := envoyconf.Discovery(resource)
	if err != nil {
		return file{}, err
	}
	content, err := envoyconf.JSON(response)
	return file{path: path, name: name, version: version, content: content}, err
}

// effective is the service as the workload's proxy is to see it.
func (st state) effective(w *model.Workload, u model.Upstream) (*model.Service, error) {
	s := st.configured.Service(u.Namespace, u.Service)
	if s == nil {
		return nil, fmt.Errorf("rendering %s: no service %s.%s", st.configured.ID(w), u.Service, u.Namespace)
	}
	callers := len(st.configured.Callers(w.Namespace, w.Service, s))
	for _, o := range st.overrides {
		if o.concerns(w, s) {
			s = o.Apply(s, o.route, callers)
		}
	}
	return s, nil
}
