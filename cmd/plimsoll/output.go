package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"

	"github.com/plimsoll-mesh/plimsoll/api/apijson"
)

// Output formats.
const (
	formatTable = "table"
	formatWide  = "wide"
	formatJSON  = "json"
	formatYAML  = "yaml"
	formatName  = "name"
)

func formats() []string {
	return []string{formatTable, formatWide, formatJSON, formatYAML, formatName}
}

// printer writes one result in the format that --output names: results on out,
// notes on errOut.
type printer struct {
	format      string
	out, errOut io.Writer
}

// addOutputFlag adds -o to a command. Call check before work is done and print
// afterwards.
func addOutputFlag(cmd *cobra.Command) *printer {
	p := &printer{}
	cmd.Flags().StringVarP(&p.format, "output", "o", formatTable, "output format: "+strings.Join(formats(), ", "))
	err := cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats(), cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag was added the line before
	}
	return p
}

// forPeople tells whether the format is a table, beside which notes help.
func (p *printer) forPeople() bool { return p.format == formatTable || p.format == formatWide }

// check refuses an unknown format and takes the command's streams.
func (p *printer) check(cmd *cobra.Command) error {
	p.out, p.errOut = cmd.OutOrStdout(), cmd.ErrOrStderr()
	if !slices.Contains(formats(), p.format) {
		return withExit(exitUsage, fmt.Errorf("unknown output format %q: use %s", p.format, strings.Join(formats(), ", ")))
	}
	return nil
}

// result is an answer in all its forms.
type result struct {
	message proto.Message // for json and yaml
	tables  []table       // for table and wide, in this order
	names   []string      // for name
	empty   string        // note for an answer without rows
}

// print writes the result. An empty one is a note on errOut, and still a result
// in json and yaml.
func (p *printer) print(r result) error {
	switch p.format {
	case formatJSON:
		text, err := apijson.MarshalIndent(r.message)
		return p.write(text, err)
	case formatYAML:
		text, err := marshalYAML(r.message)
		return p.write(text, err)
	}
	if len(r.names) == 0 {
		p.note("%s", r.empty)
		return nil
	}
	if p.format == formatName {
		return p.printNames(r.names)
	}
	return p.printTables(r.tables)
}

func (p *printer) printNames(names []string) error {
	for _, name := range names {
		if _, err := fmt.Fprintln(p.out, clean(name)); err != nil {
			return err
		}
	}
	return nil
}

// printTables prints the tables that have rows, an empty line between two.
func (p *printer) printTables(tables []table) error {
	tables = slices.DeleteFunc(tables, func(t table) bool { return len(t.rows) == 0 })
	for i, t := range tables {
		if i > 0 {
			fmt.Fprintln(p.out)
		}
		if err := t.write(p.out, p.format == formatWide); err != nil {
			return err
		}
	}
	return nil
}

// note tells the person something that is no result.
func (p *printer) note(format string, args ...any) {
	if format = strings.TrimSpace(fmt.Sprintf(format, args...)); format != "" {
		fmt.Fprintln(p.errOut, format)
	}
}

func (p *printer) write(text []byte, err error) error {
	if err != nil {
		return err
	}
	_, err = p.out.Write(text)
	return err
}

// marshalYAML writes the same fields in the same order as the JSON.
func marshalYAML(m proto.Message) ([]byte, error) {
	text, err := apijson.Marshal(m)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node // JSON is YAML
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("converting to YAML: %w", err)
	}
	plainStyle(&doc)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(&doc), enc.Close()); err != nil {
		return nil, fmt.Errorf("converting to YAML: %w", err)
	}
	return out.Bytes(), nil
}

// plainStyle drops brackets and quotes where YAML does without.
func plainStyle(n *yaml.Node) {
	n.Style = 0
	for _, child := range n.Content {
		plainStyle(child)
	}
}
