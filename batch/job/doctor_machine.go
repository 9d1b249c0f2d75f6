package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"offboard/batch"
	"offboard/batch/durable"
	"offboard/batch/intake"
	"offboard/batch/journal"
)

// What the doctor looks at on this machine.

// file holds the input against the rules of check.
func (d *doctor) file(context.Context) Diagnosis {
	if len(d.o.User) == 0 {
		found, err := Check(d.Host, &CheckOptions{File: d.o.File, Selection: d.o.Selection, Everybody: d.o.Everybody})
		switch {
		case errors.Is(err, ErrPartial):
			n := found.Rows
			seen := fmt.Sprintf("%s of %s cannot be read, or contradict others", batch.Thousands(n.Unreadable+n.Contradicting), batch.Plural(n.All, "row"))
			if len(found.Problems) > 0 {
				seen += "; the first problem: " + found.Problems[0].Reason
			}
			return ill(seen, "mend what this says of each row, or choose other rows with --where")
		case err != nil:
			return illBy(err)
		}
	}
	in, opt, err := d.o.input(d.Host, d.o.File, d.o.Selection, d.plan.Created)
	if err != nil {
		return illBy(err)
	}
	opt.AllRows = d.o.AllRows
	d.in, d.opt = in, opt
	if err := d.o.checkAge(in, d.plan.Created); err != nil {
		return illBy(err)
	}
	rows, err := intake.Open(in.sources(), opt)
	if err != nil {
		return illBy(err)
	}
	defer rows.Close()
	n := 0
	d.people = map[string]bool{}
	for row, err := range rows.Rows() {
		if err != nil { // a row that a gate holds back: check has told the others
			continue
		}
		d.people[strings.ToLower(cmp.Or(row.ID, row.UPN, row.Value))] = true
		if n++; len(d.users) < batch.ChunkSize {
			d.users = append(d.users, batch.User{ID: row.ID, UPN: row.UPN, By: row.By, Value: row.Value})
		}
	}
	if d.rows = n; n == 0 {
		return noted("no row names anybody: a run would touch nobody")
	}
	return well("%s to look up", batch.Agree(n, "1 row names somebody", batch.Thousands(n)+" rows name somebody"))
}

// lists reads what the guards are given.
func (d *doctor) lists(context.Context) Diagnosis {
	if err := d.unpaced; err != nil {
		return illBy(err)
	}
	if err := d.o.wrong(d.Host); err != nil {
		return ill(err.Error(), "correct the list, or the flag, that is named; offboard help guards tells what a list may have")
	}
	if len(d.o.Protect) == 0 {
		return well("no --protect names people who are never touched; the guards' other flags are right")
	}
	n := 0
	for _, name := range d.o.Protect {
		rows, patterns, _ := d.readProtect(name) // read before
		n += len(rows) + len(patterns)
	}
	return well("%s of --protect can be read; a run looks up whether they exist", batch.Agree(n, "1 entry", batch.Thousands(n)+" entries"))
}

// The least room on the disk of the journal: what a large run takes, where it is not known of how
// many rows, and below which SQLite itself may fail.
const (
	roomForRun  = 256 << 20
	roomForLife = 16 << 20
)

// What a run takes on disk, in bytes, by measure: of each row for each step, and besides.
const (
	rowInJournal, journalAlone = 500, 1 << 20
	rowInReport, reportAlone   = 1100, 64 << 10
)

// room holds what is left on the disk of a directory against what is needed there.
func (d *doctor) room(what, dir string, row, alone int) (seen string, short bool) {
	free, err := durable.Free(dir)
	need := uint64(alone + d.rows*len(d.steps)*row)
	if err != nil || free >= need {
		return "", false
	}
	return fmt.Sprintf("%s %s KB left on its disk, and %s in %s needs about %s KB", what, batch.Thousands(int(free>>10)),
		batch.Plural(d.rows, "row"), batch.Plural(len(d.steps), "step"), batch.Thousands(int(need>>10))), true
}

// journal looks at the file, or at the place where it would be made.
func (d *doctor) journal(ctx context.Context) Diagnosis {
	path, err := d.JournalPath()
	if err != nil {
		return illBy(err)
	}
	name := func(format string, args ...any) string {
		return "the journal " + path + " " + fmt.Sprintf(format, args...)
	}
	if journal.OnServer(path) {
		path, _ = journal.Shown(path)
		return d.journalOnServer(ctx, name)
	}
	elsewhere := "; or name another file with --journal"
	info, err := os.Stat(path)
	dir := existing(filepath.Dir(path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := durable.Probe(dir); err != nil {
			return ill(name("cannot be made: %v", err), "let this user write to "+dir+elsewhere, d.letWrite(dir)...)
		}
	case err != nil:
		return illBy(fmt.Errorf("%w: %w", journal.ErrDisk, err))
	default:
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err == nil {
			err = file.Close() // before SQLite opens it: closing drops the locks of a process
		}
		if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o200 == 0 {
			err = fmt.Errorf("its mode is %v", info.Mode())
		}
		if err == nil {
			err = durable.Probe(filepath.Dir(path))
		}
		if err != nil {
			return ill(name("cannot be written: %v", err), "let this user write to the file and its directory"+elsewhere, d.letWrite(path, filepath.Dir(path))...)
		}
		if err := d.whole(ctx, path); err != nil {
			return illBy(err)
		}
	}
	if d.store == nil { // there is none yet: it has no runs
		if err := d.openStore(ctx, journal.OpenToRead, false); err != nil {
			return illBy(err)
		}
	}
	if seen, short := d.room(name("has"), dir, rowInJournal, journalAlone); short {
		return ill(seen, "free some space there"+elsewhere, d.Pasted("df", "-h", dir))
	}
	free, err := durable.Free(dir)
	switch {
	case err != nil:
		return well("%s", name("can be written"))
	case free < roomForLife:
		return ill(name("has %s MB left on its disk", batch.Thousands(int(free>>20))), "free some space there"+elsewhere, d.Pasted("df", "-h", dir))
	case d.rows == 0 && free < roomForRun:
		return noted("%s", name("can be written, and has %s MB left on its disk: enough for some ten thousand users", batch.Thousands(int(free>>20))))
	case info == nil:
		return well("%s", name("will be made; its disk has %s MB left", batch.Thousands(int(free>>20))))
	}
	return well("%s", name("can be written, and is whole; its disk has %s MB left", batch.Thousands(int(free>>20))))
}

// journalOnServer connects to the server, and asks whether this role may write there.
func (d *doctor) journalOnServer(ctx context.Context, name func(string, ...any) string) Diagnosis {
	err := d.openStore(ctx, journal.OpenToRead, false)
	if err != nil {
		return illBy(err)
	}
	switch made, writable, err := d.store.MayWrite(ctx); {
	case err != nil:
		return illBy(err)
	case !made:
		return well("%s", name("will be made, if this role may make tables there"))
	case !writable:
		return ill(name("can be read, and not written, by this role"), "have its owner let this role read, insert, update and delete there; offboard help journal has the words")
	}
	return well("%s", name("can be written"))
}

// whole opens the journal to read, and asks whether it is as it was written.
func (d *doctor) whole(ctx context.Context, path string) error {
	if err := d.openStore(ctx, journal.OpenToRead, false); err != nil {
		return err
	}
	if err := d.store.Check(ctx); err != nil {
		return fmt.Errorf("open journal %s: %w", path, err)
	}
	return nil
}

// reports probes the directory of the report, or the nearest one above it that is there.
func (d *doctor) reports(context.Context) Diagnosis {
	dir, err := d.reportDir(d.ReportDir, d.plan)
	if err != nil {
		return illBy(err)
	}
	if err := durable.Probe(existing(dir)); err != nil {
		return ill(fmt.Sprintf("the report could not be written to %s: %v", dir, err), "let this user write there, or name another directory with --report-dir", d.letWrite(existing(dir))...)
	}
	if seen, short := d.room("the report's directory "+dir+" has", existing(dir), rowInReport, reportAlone); short {
		return ill(seen, "free some space there, or name another directory with --report-dir", d.Pasted("df", "-h", existing(dir)))
	}
	if err := d.readySignKey(); err != nil {
		return illBy(err)
	}
	return well("the report can be written, to %s", filepath.Dir(dir))
}

// letWrite are commands that let the owner of files or directories write to them.
func (d *doctor) letWrite(paths ...string) (lines []string) {
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil && runtime.GOOS != "windows" {
			lines = append(lines, d.Pasted("chmod", "u+rwX", path))
		}
	}
	return lines
}

// existing is the directory, or the nearest one above it that is there.
func existing(dir string) string {
	for {
		if _, err := os.Lstat(dir); err == nil || filepath.Dir(dir) == dir {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}
