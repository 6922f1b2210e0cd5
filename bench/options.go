package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/plimsoll-mesh/plimsoll/bench/ingest"
	"github.com/plimsoll-mesh/plimsoll/bench/suite"
)

// options are the flags.
type options struct {
	runs  int
	only  string
	out   string
	tools string
	bin   string
}

func (o *options) flags(f *flag.FlagSet) {
	f.IntVar(&o.runs, "runs", 5, "how often to measure each figure")
	f.StringVar(&o.only, "only", "", "measure only what matches this regular expression")
	f.StringVar(&o.out, "out", "build/bench", "folder for SUITE.json")
	f.StringVar(&o.tools, "tools", ".cache/tools", "folder of libchdb.so")
	f.StringVar(&o.bin, "plimsoll", "bin/plimsoll", "program to measure")
}

func ingestSuite(ctx context.Context, o options) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	only, err := regexp.Compile(o.only)
	if err != nil {
		return err
	}
	paths := []string{o.bin, filepath.Join(o.tools, "libchdb.so")}
	for i := range paths {
		if paths[i], err = filepath.Abs(paths[i]); err != nil {
			return err
		}
	}
	place, err := ingest.Open(ctx, ingest.Options{
		Self: self, Plimsoll: paths[0], Library: paths[1], Recording: "bench/testdata/shop.als.gz", Contrib: "bench/contrib",
	})
	if err != nil {
		return err
	}
	defer func() { _ = place.Close() }()
	machine := suite.ThisMachine(time.Now())
	var list []suite.Measurement
	for _, m := range place.Measurements() {
		if only.MatchString(m.Name) {
			list = append(list, m)
		}
	}
	figures, err := suite.Run(ctx, list, o.runs, os.Stderr)
	if err != nil {
		return err
	}
	if err := suite.Table(os.Stdout, machine, figures); err != nil {
		return err
	}
	path := filepath.Join(o.out, "ingest.json")
	fmt.Println("written to", path)
	return suite.Save(path, figures)
}
