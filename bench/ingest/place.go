package ingest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/plimsoll-mesh/plimsoll/bench/corpus"
	"github.com/plimsoll-mesh/plimsoll/bench/discard"
	"github.com/plimsoll-mesh/plimsoll/lab/process"
	"github.com/plimsoll-mesh/plimsoll/lab/witness"
)

// Options are the programs and files that the measurements need.
type Options struct {
	Self      string // the bench itself, which is started again as the measured process
	Plimsoll  string // runs the engine and the collector
	Library   string // libchdb.so
	Recording string // a file of bench/corpus
	Contrib   string // folder of the module bench/contrib
	Runs      int
}

// Place is where the measurements of one call of the bench run: a directory,
// an engine, and a store that discards in front of it.
type Place struct {
	Options
	dir      string
	children *process.Set
	socket   string
	sink     *discard.Server
	contrib  string // the program
	corpus   *corpus.Corpus
}

// Open prepares a place. Close ends all that it started.
func Open(ctx context.Context, o Options) (*Place, error) {
	messages, err := corpus.Load(o.Recording)
	if err != nil {
		return nil, err
	}
	p := &Place{Options: o, children: process.NewSet()}
	if p.corpus, err = corpus.New(messages); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if p.dir, err = os.MkdirTemp("", "plimsoll-bench"); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.socket, p.contrib = filepath.Join(p.dir, "store.sock"), filepath.Join(p.dir, "contrib")
	if err := errors.Join(p.build(ctx), p.startEngine(ctx)); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if p.sink, err = discard.Serve(p.socket); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// newRand returns a source of ids that no other run has.
func newRand() *rand.Rand {
	return rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), uint64(os.Getpid())))
}

// build makes the program to compare with.
func (p *Place) build(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", p.contrib, ".")
	cmd.Dir = p.Contrib
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", p.Contrib, err, out)
	}
	return nil
}

func (p *Place) startEngine(ctx context.Context) error {
	_, err := p.children.Start(process.Spec{
		Name: "engine", Path: p.Plimsoll, LogDir: p.dir, Grace: 15 * time.Second,
		Args: []string{"clickhouse", "run", "--data", filepath.Join(p.dir, "data"), "--socket", p.socket, "--library", p.Library, "--memory", "6GiB"},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for witness.StoreReady(ctx, p.socket) != nil {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("waiting for the engine, see %s: %w", filepath.Join(p.dir, "engine.log"), ctx.Err())
		}
	}
	return nil
}

// Close stops the engine and removes the directory.
func (p *Place) Close() error {
	var err error
	if p.sink != nil {
		err = p.sink.Close()
	}
	p.children.Close()
	if p.dir != "" {
		err = errors.Join(err, os.RemoveAll(p.dir))
	}
	return err
}
