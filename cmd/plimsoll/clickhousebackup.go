package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-mesh/plimsoll/store/engine"
	"github.com/plimsoll-mesh/plimsoll/store/engine/backup"
)

// backupPlace says whose backups are meant.
type backupPlace struct {
	data, socket, dir, database string
}

func (p *backupPlace) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&p.data, "data", "", "data directory of the running engine (required)")
	flags.StringVar(&p.socket, "socket", "", "path of its unix socket (default clickhouse.sock in the data directory)")
	flags.StringVar(&p.dir, "backups", "", "backup directory that it was started with (default backups in the data directory)")
	flags.StringVar(&p.database, "database", engine.Database, "database")
}

// open completes the place from the data directory.
func (p *backupPlace) open(progress io.Writer) (*backup.Backups, error) {
	if p.data == "" && (p.socket == "" || p.dir == "") {
		return nil, withExit(exitUsage, errors.New("no data directory: name that of the running engine with --data"))
	}
	dir, err := filepath.Abs(firstOf(p.dir, engine.BackupDir(p.data)))
	if err != nil {
		return nil, fmt.Errorf("finding the backup directory: %w", err)
	}
	return &backup.Backups{
		Socket: firstOf(p.socket, engine.SocketPath(p.data)), Dir: dir, Database: p.database,
		Progress: (&backupProgress{out: progress}).report,
	}, nil
}

func newClickhouseBackupCommand() *cobra.Command {
	var place backupPlace
	o := backup.CreateOptions{Verify: true}
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Back the running engine up",
		Long: `Back the running engine up while it is in use.

The engine writes the backup into its backup directory, and nowhere else. Then the
backup is restored once beside the database, and its tables are counted and
hashed: a restore compares with that. Copy the file and its .json to another
machine.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := place.open(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			o.Now = time.Now()
			if o.Name == "" {
				o.Name = backup.NewName(place.database, o.Now)
			}
			return interruptible(cmd.Context(), func(ctx context.Context) error {
				m, err := b.Create(ctx, o)
				if err != nil {
					return backupExit(err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, %s\n", filepath.Join(b.Dir, m.Name), contents(m), sizeText(m.Bytes))
				return nil
			})
		},
	}
	place.addFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.Name, "to", "", "name in the backup directory, ending in .tar, .tar.gz or .tar.zst, or in nothing for a directory (default DATABASE-TIME.tar)")
	flags.StringVar(&o.Base, "base", "", "earlier backup to add to: only what is new is written")
	flags.BoolVar(&o.Verify, "verify", true, "restore the backup once beside the database; takes its space until done")
	return cmd
}

func newClickhouseRestoreCommand() *cobra.Command {
	var place backupPlace
	var o backup.RestoreOptions
	cmd := &cobra.Command{
		Use:   "restore NAME",
		Short: "Restore a backup into the running engine",
		Long: `Restore a backup into the running engine.

The backup is restored and compared with its manifest beside the database first;
then both change places. Stop what writes to the engine before. If anything fails,
the database is as it was.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := place.open(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			o.Name = args[0]
			return interruptible(cmd.Context(), func(ctx context.Context) error {
				m, err := b.Restore(ctx, o)
				if err != nil {
					return backupExit(err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "restored %s: %s\n", m.Name, contents(m))
				return nil
			})
		},
	}
	place.addFlags(cmd)
	cmd.Flags().BoolVar(&o.Replace, "replace", false, "restore over tables that hold rows: they are dropped")
	return cmd
}

func newClickhouseBackupsCommand() *cobra.Command {
	var place backupPlace
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "backups [NAME]",
		Short: "List backups, or show one with the backups that it adds to",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := place.open(io.Discard)
			if err != nil {
				return err
			}
			var list []backup.Manifest
			if len(args) == 0 {
				list, err = backup.List(b.Dir)
			} else {
				list, err = backup.Inspect(b.Dir, args[0])
			}
			if err != nil {
				return err
			}
			if asJSON {
				return printManifests(cmd.OutOrStdout(), list)
			}
			if len(list) == 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "No backups in %s.\n", b.Dir)
				return nil
			}
			return printBackups(cmd.OutOrStdout(), list, len(args) > 0)
		},
	}
	place.addFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the manifests")
	return cmd
}

// printBackups prints one line per backup, and the tables of the first if asked.
func printBackups(out io.Writer, list []backup.Manifest, tables bool) error {
	lines := table{columns: []column{
		textColumn("NAME"), textColumn("CREATED"), textColumn("ADDS_TO"), textColumn("CONTENTS"), textColumn("SIZE"),
	}}
	for _, m := range list {
		created := ""
		if !m.Created.IsZero() {
			created = m.Created.UTC().Format(time.RFC3339)
		}
		lines.add(clean(m.Name), created, clean(m.Base), contents(m), sizeText(m.Bytes))
	}
	if err := lines.write(out, false); err != nil || !tables || !list[0].Verified() {
		return err
	}
	rows := table{columns: []column{textColumn("TABLE"), numberColumn("ROWS"), textColumn("HASH")}}
	for _, t := range list[0].Tables {
		rows.add(clean(t.Name), countCell(t.Rows), clean(t.Hash))
	}
	fmt.Fprintln(out)
	return rows.write(out, false)
}

func printManifests(out io.Writer, list []backup.Manifest) error {
	if list == nil {
		list = []backup.Manifest{}
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(list)
}

// contents says what a backup holds.
func contents(m backup.Manifest) string {
	if !m.Verified() {
		return "not verified"
	}
	tables := fmt.Sprintf("%d tables", len(m.Tables))
	if len(m.Tables) == 1 {
		tables = "1 table"
	}
	return fmt.Sprintf("%s with %d rows", tables, m.Rows())
}

// sizeText writes a size in MiB, to a tenth.
func sizeText(bytes int64) string { return decimalCell(float64(bytes)/(1<<20), 1) + " MiB" }

// interruptible runs work until it ends, or Ctrl-C or SIGTERM ask it to clean up.
func interruptible(ctx context.Context, work func(context.Context) error) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	return work(ctx)
}

// backupExit gives errors of a backup their exit codes.
func backupExit(err error) error {
	switch {
	case errors.Is(err, backup.ErrNoEngine):
		return withExit(exitUnavailable, err)
	case errors.Is(err, backup.ErrDamaged):
		return withExit(exitBadData, err)
	}
	return err
}

// progressStep is how much more must be done for another line of progress, in
// bytes.
const progressStep = 64 << 20

// backupProgress writes how far a backup is: each step, and every 64 MiB of it.
type backupProgress struct {
	out  io.Writer
	last backup.Progress
}

func (b *backupProgress) report(p backup.Progress) {
	switch {
	case p.Step != b.last.Step:
		fmt.Fprintf(b.out, "%s\n", p.Step)
	case p.Done-b.last.Done < progressStep:
		return
	case p.Total > 0:
		fmt.Fprintf(b.out, "%s: %s of about %s\n", p.Step, sizeText(p.Done), sizeText(p.Total))
	default:
		fmt.Fprintf(b.out, "%s: %s\n", p.Step, sizeText(p.Done))
	}
	b.last = p
}
