package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"offboard/batch/job"
	"offboard/batch/journal"
	"offboard/cmd/flagfile"
	"offboard/report"
)

// fail ends the command: it tells the error and its next step, if there is one, and gives
// the exit code. The end block has told ErrPartial, but nothing that is joined to it.
func (c *command) fail(err error) exitCode {
	code, next := codeOf(err)
	untold := err != nil && code != exitPartial
	if untold {
		next = c.nextStep(err, code, next)
	}
	c.next = c.after(next)
	if err != nil {
		c.failed = messages(err)
	}
	if lost := c.document(err, c.after(next), code); lost != nil && c.facts.end != nil && !c.facts.end.Dry {
		c.unwritten(lost)
	} else if lost != nil && code == exitDone {
		err, code, untold = lost, exitError, true
	}
	if untold && !c.wantsEvents() {
		for _, line := range messages(err) {
			fmt.Fprintf(c.stderr, "offboard: %s\n", line)
		}
		if next != "" {
			fmt.Fprintf(c.stderr, "offboard: next: %s\n", next)
		}
	}
	if c.tell != nil {
		c.tell(code)
	}
	if c.wantsEvents() || c.wantsLines() {
		c.finished(err, c.after(next), code)
	}
	return code
}

// after is what to do next, for programs: also where the end block has told it.
func (c *command) after(next string) string {
	if end := c.facts.end; next == "" && end != nil {
		next = report.Next(*end)
	}
	return next
}

// nextStep is what to do about an error; known is what the table of ends has.
func (c *command) nextStep(err error, code exitCode, known string) string {
	if c.member != nil {
		_, _, words := endOf(err)
		known = c.member.next(err, words)
	}
	path, _ := c.host.JournalPath() // which is known where it is told of
	for _, e := range onServer {
		if journal.OnServer(path) && known != "" && c.member == nil && errors.Is(err, e.is) {
			known = e.next
			break
		}
	}
	next := strings.NewReplacer("{runs}", c.Typed("runs"), "{approve}", c.approveLine(c.cli.Apply.File), "{journal}", flagfile.Quoted(path, runtime.GOOS), "{move}", moveLine(path, runtime.GOOS)).Replace(known)
	next = cmp.Or(c.lifted(err), next)
	if h, ok := errors.AsType[hinted](err); ok {
		next = c.shell(h.next...)
	}
	if p, ok := errors.AsType[*job.HalfPlanned](err); ok {
		next = p.Next
	}
	if e, ok := errors.AsType[*campaignEnd](err); ok {
		return e.next
	}
	if _, ok := errors.AsType[flagfile.Misfiled](err); ok {
		next = "mend it as it says (" + c.shell("help", "campaign") + "), then: " + c.onceMore()
	}
	if a, ok := errors.AsType[*job.Advised](err); ok {
		next = cmp.Or(a.Next, next)
	}
	if u, ok := errors.AsType[*job.UserAsFile](err); ok {
		next = c.shell(naming(c.again(), u.Names...)...)
	}
	if p, ok := errors.AsType[*job.PatternAsFile](err); ok {
		next = c.shell(instead(c.again(), p.Pattern, p.Files...)...)
	}
	if p, ok := errors.AsType[*job.WrongPart](err); ok && len(p.Can) > 0 {
		next = c.partLine(p)
	}
	if code == exitStopped {
		next = cmp.Or(c.host.Next(c.onceMore()), next)
	}
	return next
}

// messages are the lines that tell an error: one, so that no text in it can look like
// another message, or one for each of several reasons and then one for what else the
// error says.
func messages(err error) []string {
	lines := []string{err.Error()}
	if r, ok := errors.AsType[*job.Refusal](err); ok && len(r.Reasons()) > 1 {
		lines = []string{r.Head() + ":"}
		for _, why := range r.Reasons() {
			lines = append(lines, "  - "+why)
		}
		if around := strings.Trim(strings.Replace(err.Error(), r.Error(), "", 1), "\n; "); around != "" {
			lines = append(lines, around)
		}
	}
	for i, line := range lines {
		lines[i] = strings.ReplaceAll(line, "\n", "; ")
	}
	return lines
}

// document writes how the command ended where -o json asks for one document: at the end of
// the one of a run, or, after a failure and when there was nothing to do, alone.
func (c *command) document(err error, next string, code exitCode) error {
	out, ok := c.stdout.(*visible)
	if !c.wantsJSON() || !ok || out.wrote && c.unclosed == nil { // lines may still be on their way, but a document is not
		return nil
	}
	failed := ""
	if err != nil {
		failed = err.Error()
	}
	var b bytes.Buffer
	_ = encode(&b, struct { // stderr and the exit code tell the same
		Error   any      `json:"error"` // null when it is none
		Reasons []string `json:"reasons"`
		Next    any      `json:"next"` // what to do now; null when nothing is known
		Exit    exitCode `json:"exit"`
	}{orNull(failed), reasonsOf(err), orNull(next), code})
	text := b.Bytes()
	if c.unclosed != nil {
		text = append(bytes.TrimRight(bytes.TrimSuffix(c.unclosed.end, closing), "\n"), append([]byte(","), text[len("{"):]...)...)
	}
	_, lost := c.stdout.Write(text)
	return lost
}

// unclosed takes a JSON object, and leaves out the end of it.
type unclosed struct {
	w   io.Writer
	end []byte
}

// closing is what every document ends in.
var closing = []byte("}\n")

func (u *unclosed) Write(p []byte) (int, error) {
	all := append(u.end, p...)
	now := max(0, len(all)-len("\n}\n"))
	u.end = bytes.Clone(all[now:])
	_, err := u.w.Write(all[:now])
	return len(p), err
}

// documented is where the document of a run goes. Of a command that carries one out
// [command.document] closes it, with how the command ended.
func (c *command) documented() io.Writer {
	if c.parsed == nil || toldOf(c.parsed.Selected().Target.Addr().Interface()) == nil {
		return c.stdout
	}
	c.unclosed = &unclosed{w: c.stdout}
	return c.unclosed
}

// reasonsOf are those of a refusal, each of them.
func reasonsOf(err error) []string {
	if r, ok := errors.AsType[*job.Refusal](err); ok {
		return r.Reasons()
	}
	return []string{}
}

// wantsJSON reports whether stdout is to be one JSON document. Of a command line that
// could not be read it goes by the words. Plan names its file that way.
func (c *command) wantsJSON() bool {
	if c.parsed != nil {
		return c.cli.Output == "json" && c.parsed.Selected().Name != "plan"
	}
	return c.words("json")
}

// wantsLines reports whether stdout is to be JSON lines.
func (c *command) wantsLines() bool {
	if c.parsed != nil {
		return c.cli.Output == "jsonl"
	}
	return c.words("jsonl")
}

// words reports whether a command line that could not be read asks for such output.
func (c *command) words(output string) bool {
	asked := outputWords.FindStringSubmatch(strings.Join(c.args, "\n"))
	return !slices.Contains(c.args, "plan") && (asked == nil && c.getenv("OFFBOARD_OUTPUT") == output || asked != nil && asked[2] == output)
}

// outputWords are the ways to write -o, with the words of a command line in lines.
var outputWords = regexp.MustCompile(`(?m)^(-o\n?|--output[=\n])(\w+)$`)
