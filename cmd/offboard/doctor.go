package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"offboard/batch/job"
	"offboard/cmd/flagfile"
)

// doctor looks at everything that a run with these flags needs, and tells it.
func (c *command) doctor(ctx context.Context, o *job.DoctorOptions) error {
	found, err := job.Doctor(ctx, c.host, o, c.mayTell(&o.Telling))
	if err != nil && !errors.Is(err, job.ErrUnwell) {
		return err
	}
	for i := range found {
		f := &found[i]
		if f.Err != nil {
			code, next := codeOf(f.Err)
			if code == exitUsage {
				next = ""
			}
			f.Remedy = cmp.Or(f.Remedy, c.nextStep(f.Err, code, next), "correct what is named, then do the same again")
		}
		if f.Name == "file" && f.State == job.Trouble {
			f.Commands = append(f.Commands, c.line("check", o.File))
		}
	}
	if c.wantsJSON() {
		return c.doctorDocument(found, err)
	}
	w := c.page()
	for _, f := range found {
		if c.cli.Quiet && f.State != job.Trouble {
			continue
		}
		text := fmt.Sprintf("%-8s %-12s %s\n", f.State, f.Name, printable(f.Seen))
		if f.Remedy != "" {
			text += fmt.Sprintf("%-8s %-12s %s\n", "", "  to do", printable(f.Remedy))
		}
		_, lost := fmt.Fprint(w, text)
		for _, line := range f.Commands { // which are not wrapped
			if lost == nil {
				_, lost = fmt.Fprintf(c.stdout, "             $ %s\n", line)
			}
		}
		if lost != nil {
			return lost
		}
	}
	if err == nil {
		text := "Nothing that was looked at is in trouble.\n"
		if line := c.rehearsal(); line != "" {
			text = "Nothing that was looked at is in trouble. What a run would do, and to whom:\n" + line + "\n"
		}
		_, err = io.WriteString(w, text)
	}
	return err
}

// rehearsal is the dry run of what was looked at; "" where that has no people.
func (c *command) rehearsal() string {
	o := c.cli.Doctor
	if len(o.File)+len(o.User) == 0 {
		return ""
	}
	return c.line("run", o.File, "--dry-run")
}

// doctorDocument is what -o json prints, with how the command ends.
func (c *command) doctorDocument(found []job.Diagnosis, err error) error {
	code, next := codeOf(err)
	if err == nil {
		next = c.rehearsal()
	}
	failed := ""
	if err != nil {
		failed = err.Error()
	}
	lost := c.encode(struct {
		Findings []job.Diagnosis `json:"findings"`
		Error    any             `json:"error"`
		Reasons  []string        `json:"reasons"`
		Next     any             `json:"next"`
		Exit     exitCode        `json:"exit"`
	}{found, orNull(failed), []string{}, orNull(next), code})
	return cmp.Or(lost, err)
}

// line is another command with these files, the flags that were given and that it takes, and
// more.
func (c *command) line(command string, files []string, more ...string) string {
	words := append([]string{command}, files...)
	takes := map[string]bool{}
	flagfile.EachFlag(c.parsed.Model.Node, "", func(of string, f *kong.Flag) { takes[of+" "+f.Name] = true })
	for _, f := range c.flags() {
		if !c.said(f) || f.Name == "debug-http" || f.Group == nil || f.Group.Key == everywhere || !takes[command+" "+f.Name] {
			continue
		}
		for _, v := range flagfile.ValuesOf(f) {
			if v == "true" || v == "false" || strings.HasPrefix(v, "-") {
				words = append(words, "--"+f.Name+"="+v)
			} else {
				words = append(words, "--"+f.Name, v)
			}
		}
	}
	return c.Typed(append(words, more...)...)
}
