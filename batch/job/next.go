package job

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"offboard/batch"
	"offboard/batch/graph"
)

// The commands that a person is told to type next.

// resumeLine is the command that goes on with the plan's run, with more flags
// behind it.
func (h *Host) resumeLine(p batch.Plan, more ...string) string {
	return h.Typed(slices.Concat([]string{"resume", p.Run}, rootFlag(p), more)...)
}

// retryLine is the command that runs the rows in the file as the plan's run was. The
// report gets a directory of its own. What was approved before it was done is planned
// again, to be approved again.
func (h *Host) retryLine(p batch.Plan, file string) string {
	if p.Undoes != "" {
		return h.undoLine(p)
	}
	if p.Terms.Source != "" {
		return h.planLine(p, []string{file}, strings.TrimSuffix(file, filepath.Ext(file))+".jsonl")
	}
	return h.anewBy(p, "run", []string{file})
}

// planLine is the command that plans the rows in the files as the plan's were, into another
// file than any that is there; the signatures beside an older plan are none of the new one.
func (h *Host) planLine(p batch.Plan, inputs []string, file string, more ...string) string {
	ext := filepath.Ext(file)
	name := file
	for n := 2; ; n++ {
		if _, err := os.Lstat(name); err != nil {
			break
		}
		name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(file, ext), n, ext)
	}
	return h.anewBy(p, "plan", inputs, append(more, "-o", name)...)
}

// undoLine is the command that takes back what the plan does, once more.
func (h *Host) undoLine(p batch.Plan) string {
	return h.anewBy(p, "undo", []string{p.Undoes}, append(partFlags(p.Part), limitFlags(p)...)...)
}

// byApply are the flags of a run that plan does not have: the person who applies the plan
// gives them.
var byApply = []string{"sign-key", "notify-file", "notify-format", "metrics-file", "verify-timeout", "approvals", "trusted"}

// anewBy is the command run or plan for the rows in files, as they were chosen, or undo of a
// run.
func (h *Host) anewBy(p batch.Plan, command string, of []string, more ...string) string {
	words := slices.Concat([]string{command}, of, more)
	for _, f := range slices.Concat(p.Terms.Choice, p.Terms.Flags) {
		if !slices.Contains([]string{"report-dir", "cloud", "sign-in"}, f.Name) && (command != "plan" || !slices.Contains(byApply, f.Name)) {
			words = append(words, typedFlag(f)...)
		}
	}
	if p.Tenant != "" && p.Cloud != Simulated { // the rows are people of this tenant, whatever the sign-in leads to then
		words = append(words, "--tenant", p.Tenant)
	}
	return h.Typed(append(words, rootFlag(p)...)...)
}

// applyWords are those of the command that applies the plan in the file.
func applyWords(file string, p batch.Plan) []string {
	return append([]string{"apply", file}, rootFlag(p)...)
}

// typedFlag is a flag as words of a command line.
func typedFlag(f batch.Flag) []string {
	if f.Value == "true" || f.Value == "false" || strings.HasPrefix(f.Value, "-") {
		return []string{"--" + f.Name + "=" + f.Value} // right for switches, too
	}
	return []string{"--" + f.Name, f.Value}
}

// rootFlag says where the plan was made, unless that is the usual service, and which file says
// how to sign in there.
func rootFlag(p batch.Plan) []string {
	words := atCloud(p.Cloud)
	named := len(words) > 0 && words[0] == "--cloud"
	if named && words[1] == "global" {
		words = nil
	}
	for _, f := range p.Terms.Flags { // the service on this machine was a part of a cloud
		if p.Cloud != Simulated && (f.Name == "sign-in" || f.Name == "cloud" && !named) {
			words = append(words, typedFlag(f)...)
		}
	}
	return words
}

// atCloud is the flag that leads to a plan's service.
func atCloud(root string) []string {
	switch name := graph.NameOf(root); {
	case root == "":
		return nil
	case root == Simulated:
		return []string{"--simulate"}
	case name != "":
		return []string{"--cloud", name}
	}
	return []string{"--graph-url", root}
}

// resumeFlags are the flags of this process that hold for a resume, too, and that the
// plan of the run does not keep.
func (j *job) resumeFlags() []string {
	var flags []string
	given := j.Flags("keep")
	if j.Earlier { // the guards of a new run are its plan's
		given = append(j.Flags("guard"), given...)
	}
	for _, f := range given {
		if f.Name != "cloud" && !slices.Contains(j.run.Plan().Terms.Flags, f) {
			flags = append(flags, typedFlag(f)...)
		}
	}
	add := func(given bool, words ...string) {
		if given {
			flags = append(flags, words...)
		}
	}
	add(j.Tenant != "" && j.tenant != nil && j.tenant.identity().Tenant == "", "--tenant", j.Tenant) // which the plan has not
	add(j.maxAge != mostAge, "--max-age", j.maxAge.String())
	add(j.AsCaller && j.caller != "", "--as-caller")
	add(j.despite.DespiteLater, "--despite-later")
	add(j.Yes, "--yes")
	return flags
}
