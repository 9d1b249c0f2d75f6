package graph

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// aadstsTable has a line for each code of the sign-in service that these sign-ins can meet
// (Microsoft's "Microsoft Entra authentication and authorization error codes"; what is not
// there is what several other programs saw). One that passes is gone after a while.
//
//go:embed aadsts.csv
var aadstsTable string

// aadsts is a code of the sign-in service: what it means, and what to do, in a sentence each.
type aadsts struct {
	passes        bool
	meaning, next string
}

var aadstsCodes = sync.OnceValue(func() map[string]aadsts {
	codes := map[string]aadsts{}
	for _, l := range table(aadstsTable) {
		codes[l[0]] = aadsts{l[1] != "", l[2], l[3]}
	}
	return codes
})

var aadstsCode = regexp.MustCompile(`AADSTS(\d+)`)

// explained tells what a text of the sign-in service means, by its code: in one sentence, with
// the next step. A code that is not in the table is told as it is, with the page that has it.
// Known is false for a text without a code.
func explained(text string) (words string, passes, known bool) {
	m := aadstsCode.FindStringSubmatch(text)
	if m == nil {
		return text, false, false
	}
	if c, ok := aadstsCodes()[m[1]]; ok {
		return fmt.Sprintf("%s: %s; %s", m[0], c.meaning, c.next), c.passes, true
	}
	text, _, _ = strings.Cut(text, "\n")
	text, _, _ = strings.Cut(text, " Trace ID:")
	return fmt.Sprintf("%s; https://login.microsoftonline.com/error?code=%s explains it", strings.TrimRight(strings.TrimSpace(text), "."), m[1]), false, true
}

// Refused takes the refusal of a sign-in apart: what was said without the next step, the next step,
// and the code of the sign-in service; the last two are "" where it has none that is known.
func Refused(err error) (said, next, code string) {
	said = err.Error()
	if m := aadstsCode.FindStringSubmatch(said); m != nil {
		if c, ok := aadstsCodes()[m[1]]; ok {
			return strings.Replace(said, "; "+c.next, "", 1), c.next, m[1]
		}
	}
	return said, "", ""
}
