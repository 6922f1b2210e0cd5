package scenario

import (
	"time"

	"github.com/plimsoll-mesh/plimsoll/internal/yamlfile"
)

// Verb is what a timeline entry does.
type Verb string

// The verbs.
const (
	Slow          Verb = "slow"           // multiply work times by factor
	Fail          Verb = "fail"           // answer a share of calls with code
	Kill          Verb = "kill"           // close the app's listener and connections, or kill its proxy
	ScaleWorkers  Verb = "scale"          // set the number of workers
	Apply         Verb = "apply"          // apply other mesh objects
	TuneProbe     Verb = "tune_probe"     // plan an edge and apply what is RECOMMEND or PROBE
	TuneApply     Verb = "tune_apply"     // plan an edge again and apply what is RECOMMEND
	TuneRollback  Verb = "tune_rollback"  // undo the last applied plan
	CollectorKill Verb = "collector_kill" // kill the collector beside the proxies, start it again after for
	CollectorStop Verb = "collector_stop" // stop it in peace, start it again after for
	CentralKill   Verb = "central_kill"   // kill the collector that a relayed one sends to, start it again after for
	StoreKill     Verb = "store_kill"     // kill the store's engine, whose supervisor starts it again; with for: keep it away
)

// Action is one entry of the timeline. Which parameters stand beside at and do
// depends on the verb; docs/scenario.md has the table.
type Action struct {
	At      yamlfile.Duration `yaml:"at"`
	Do      Verb              `yaml:"do"`
	Service string            `yaml:"service"`
	Version string            `yaml:"version"` // "": every version
	Factor  float64           `yaml:"factor"`
	For     yamlfile.Duration `yaml:"for"` // not scaled by Scale
	Rate    float64           `yaml:"rate"`
	Code    int               `yaml:"code"`
	Target  string            `yaml:"target"` // kill: "app" (default) or "proxy"
	Workers int               `yaml:"workers"`
	Edge    Edge              `yaml:"edge"`

	Mesh []Source `yaml:"-"`
}

// Edge names a caller and the service it calls.
type Edge struct {
	Src string `yaml:"src"`
	Dst string `yaml:"dst"`
}

// The targets of Kill.
const (
	TargetApp   = "app"
	TargetProxy = "proxy"
)

// Until returns when the action ends by itself; At for an instant one.
func (a *Action) Until() time.Duration { return a.At.D() + a.For.D() }

// parameters lists what a verb must and may have beside at and do.
type parameters struct{ must, may []string }

func (v Verb) parameters() (parameters, bool) {
	switch v {
	case Slow:
		return parameters{[]string{"service", "factor", "for"}, []string{"version"}}, true
	case Fail:
		return parameters{[]string{"service", "rate", "for"}, []string{"version", "code"}}, true
	case Kill:
		return parameters{[]string{"service", "for"}, []string{"version", "target"}}, true
	case ScaleWorkers:
		return parameters{[]string{"service", "workers"}, []string{"version"}}, true
	case Apply:
		return parameters{must: []string{"mesh"}}, true
	case TuneProbe, TuneApply:
		return parameters{must: []string{"edge"}}, true
	case CollectorKill, CollectorStop, CentralKill:
		return parameters{must: []string{"for"}}, true
	case StoreKill:
		return parameters{may: []string{"for"}}, true
	case TuneRollback:
		return parameters{}, true
	default:
		return parameters{}, false
	}
}

// actionFields lists every parameter, in the order in which findings are given.
var actionFields = [...]string{"service", "version", "factor", "for", "rate", "code", "target", "workers", "mesh", "edge"}

// verbs lists the verbs for the finding about an unknown one.
const verbs = "slow, fail, kill, scale, apply, tune_probe, tune_apply, tune_rollback, collector_kill, collector_stop, central_kill or store_kill"
