package run

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/plimsoll-mesh/plimsoll/lab/process"
	"github.com/plimsoll-mesh/plimsoll/lab/scenario"
)

// heldDescriptor is the number under which a collector finds the socket that
// the lab holds for it: the first one that a child inherits.
const heldDescriptor = 3

// collectors are the collector that the proxies send to and, in a relayed tier,
// the central one that it passes its blocks on to.
type collectors struct {
	opts     Options
	place    place
	children *process.Set

	near    *collector
	central *collector // nil but in a relayed tier
	address string     // of the access-log receiver, as a proxy is told it
	held    *os.File   // the socket that outlives the collector; nil in a central tier
}

// collector is one collector, which can be started again and again.
type collector struct {
	name    string
	health  int
	config  string // file
	process *process.Process
}

// newCollectors takes the ports, and the socket that is held; nothing runs yet.
func newCollectors(opts Options, at place, children *process.Set, dsn string, p *ports) (*collectors, error) {
	c := &collectors{opts: opts, place: at, children: children}
	tier := opts.Scenario.Collector.Tier
	settings := collectorSettings{dsn: dsn, name: "lab", place: at, metrics: true}
	if tier == scenario.RelayedTier {
		settings.dsn = "plimsoll+unix://" + at.relaySock()
		central := collectorSettings{dsn: dsn, name: "central", place: at, relay: "unix://" + at.relaySock()}
		var err error
		if c.central, err = c.add("central", central, p); err != nil {
			return nil, err
		}
	}
	var err error
	if settings.als, err = c.openALS(tier, p); err != nil {
		return nil, err
	}
	c.near, err = c.add("collector", settings, p)
	return c, err
}

// openALS takes the address of the access-log receiver and returns it as the
// collector is told it.
func (c *collectors) openALS(tier scenario.Tier, p *ports) (endpoint string, err error) {
	if tier == scenario.CentralTier {
		port, err := p.take("the collector's access-log receiver")
		c.address = loopback(port)
		return c.address, err
	}
	c.address = c.place.alsSock()
	if c.held, err = holdSocket(c.address); err != nil {
		return "", err
	}
	return fmt.Sprintf("fd:%d", heldDescriptor), nil
}

// holdSocket listens on a unix socket without accepting: connections wait in
// its queue until somebody who inherits it does.
func holdSocket(path string) (*os.File, error) {
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("holding the socket of the access-log receiver: %w", err)
	}
	listener := l.(*net.UnixListener)
	listener.SetUnlinkOnClose(false)
	f, err := listener.File()
	return f, errors.Join(err, listener.Close())
}

// add writes the configuration of a collector that is known to the lab by this
// name.
func (c *collectors) add(name string, s collectorSettings, p *ports) (*collector, error) {
	var err error
	if s.health, err = p.take("the health check of the " + name); err != nil {
		return nil, err
	}
	text, err := s.yaml()
	if err != nil {
		return nil, fmt.Errorf("writing the configuration of the %s: %w", name, err)
	}
	one := &collector{name: name, health: s.health}
	one.config, err = c.place.write(name+".yaml", text)
	return one, err
}

// start starts the central collector first, if there is one.
func (c *collectors) start(ctx context.Context) error {
	if c.central != nil {
		if err := c.run(ctx, c.central); err != nil {
			return err
		}
	}
	return c.run(ctx, c.near)
}

// run starts one collector, for the first time or again, and waits until it is
// ready.
func (c *collectors) run(ctx context.Context, one *collector) error {
	spec := process.Spec{
		Name: one.name, Path: c.opts.Plimsoll, LogDir: c.place.logs(), Grace: 15 * time.Second,
		Args: []string{"collector", "run", "--config", one.config},
	}
	if one == c.near && c.held != nil {
		spec.Files = []*os.File{c.held}
	}
	p, err := c.children.Start(spec)
	if err != nil {
		return err
	}
	one.process = p
	return waitFor(ctx, p, answers("http://"+loopback(one.health)))
}

func (c *collectors) close() {
	if c != nil && c.held != nil {
		_ = c.held.Close()
	}
}
