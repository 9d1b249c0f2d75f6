package main

import (
	"encoding/json"
	"errors"
	"slices"

	"offboard/batch/job"
)

// failure is the JSON document of a command that has no other to give.
type failure struct {
	Error   string   `json:"error"`
	Reasons []string `json:"reasons"` // of a refusal, each of them
	Next    string   `json:"next"`    // what to do now; "" when nothing is known
	Exit    exitCode `json:"exit"`
}

// document writes the failure where -o json asks for one document and none was written.
func (c *command) document(err error, next string, code exitCode) {
	if out, ok := c.stdout.(*visible); !ok || out.used || !c.wantsJSON() {
		return
	}
	f := failure{Error: err.Error(), Reasons: []string{}, Next: next, Exit: code}
	if r, ok := errors.AsType[*job.Refusal](err); ok {
		f.Reasons = r.Reasons()
	}
	e := json.NewEncoder(c.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(f) // stderr and the exit code tell the same
}

// wantsJSON reports whether stdout is to be one JSON document. Of a command line that
// could not be read it goes by the words. Plan names its file that way.
func (c *command) wantsJSON() bool {
	if c.parsed != nil {
		return c.cli.Output == "json" && c.parsed.Selected().Name != "plan"
	}
	if slices.Contains(c.args, "plan") {
		return false
	}
	for i, a := range c.args {
		if a == "-ojson" || a == "--output=json" || (a == "-o" || a == "--output") && i+1 < len(c.args) && c.args[i+1] == "json" {
			return true
		}
	}
	return c.getenv("OFFBOARD_OUTPUT") == "json"
}
