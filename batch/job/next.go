package job

import (
	"slices"
	"strconv"
	"strings"

	"offboard/batch"
)

// The commands that a person is told to type next.

// resumeLine is the command that goes on with the plan's run, with more flags
// behind it.
func (h *Host) resumeLine(p batch.Plan, more ...string) string {
	return h.Typed(slices.Concat([]string{"resume", p.Run}, rootFlag(p), more)...)
}

// retryLine is the command that runs the rows in the file as the plan's run was. The
// report gets a directory of its own.
func (h *Host) retryLine(p batch.Plan, file string) string {
	words := []string{"run", file}
	for _, f := range slices.Concat(p.Terms.Choice, p.Terms.Flags) {
		switch {
		case f.Name == "report-dir":
		case f.Value == "true", f.Value == "false", strings.HasPrefix(f.Value, "-"):
			words = append(words, "--"+f.Name+"="+f.Value) // right for switches, too
		default:
			words = append(words, "--"+f.Name, f.Value)
		}
	}
	if p.Cloud == Simulated {
		words = append(words, "--simulate")
	}
	return h.Typed(append(words, rootFlag(p)...)...)
}

// rootFlag names the plan's service root, unless that is the usual one.
func rootFlag(p batch.Plan) []string {
	if p.Cloud == "" || p.Cloud == globalGraph || p.Cloud == Simulated {
		return nil
	}
	return []string{"--graph-url", p.Cloud}
}

// resumeFlags are those of this process that hold for a resume, too, and that the
// run does not keep by itself.
func (j *job) resumeFlags() []string {
	flags := j.guards.typed()
	add := func(given bool, words ...string) {
		if given {
			flags = append(flags, words...)
		}
	}
	add(j.Tenant != "" && j.tenant.identity().Tenant == "", "--tenant", j.Tenant) // which the plan has not
	add(j.ReportDir != "", "--report-dir", j.ReportDir)
	add(j.maxAge != mostAge, "--max-age", j.maxAge.String())
	add(j.AsCaller && j.caller != "", "--as-caller")
	add(j.Yes, "--yes")
	return flags
}

// typed are the guards as flags.
func (g Guards) typed() []string {
	var flags []string
	for _, name := range g.Protect {
		flags = append(flags, "--protect", name)
	}
	for _, id := range g.ProtectGroup {
		flags = append(flags, "--protect-group", id)
	}
	for _, f := range []struct {
		name string
		on   bool
	}{{"--protect-privileged", g.ProtectPrivileged}, {"--allow-empty-pattern", g.AllowEmptyPattern}, {"--include-caller", g.IncludeCaller}} {
		if f.on {
			flags = append(flags, f.name)
		}
	}
	for _, f := range g.limits() {
		if f.n != nil {
			flags = append(flags, f.flag, strconv.Itoa(*f.n))
		}
	}
	return flags
}
