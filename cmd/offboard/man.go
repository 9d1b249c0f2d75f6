package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// manOptions are those of man, which has none.
type manOptions struct{}

// tell implements [teller]: the manual page, in roff with the macros man(7), from the
// grammar and the topics.
func (*manOptions) tell(c *command) error {
	var b strings.Builder
	app := grammar(&cli{}, io.Discard, func(int) {}).Model
	fmt.Fprintf(&b, ".TH OFFBOARD 1 \"\" \"offboard %s\" \"offboard\"\n", roff(version))
	section(&b, "NAME")
	fmt.Fprintf(&b, "offboard \\- contain Microsoft Entra users in bulk, with proof\n")
	section(&b, "SYNOPSIS")
	fmt.Fprintf(&b, "\\fBoffboard\\fR \\fICOMMAND\\fR [\\fIFLAG\\fR ...]\n")
	section(&b, "DESCRIPTION")
	fmt.Fprintf(&b, "%s\n", roff(overview))
	section(&b, "COMMANDS")
	for _, leaf := range app.Leaves(true) {
		fmt.Fprintf(&b, ".SS \"%s\"\n%s\n", roff(leaf.Summary()), roff(leaf.Help))
		about := abouts[strings.TrimPrefix(leaf.FullPath(), app.Name+" ")]
		if about.text != "" {
			asIs(&b, about.text)
		}
		asIs(&b, strings.Join(about.examples[:], "\n"))
		for _, p := range leaf.Positional {
			fmt.Fprintf(&b, ".TP\n\\fI%s\\fR\n%s\n", roff(p.Summary()), roff(p.Help))
		}
		manFlags(&b, leaf.Flags)
	}
	section(&b, "FLAGS OF ALL COMMANDS")
	manFlags(&b, app.Flags)
	for _, t := range topics {
		if t.name != "environment" { // which tells what is set now
			section(&b, strings.ToUpper(strings.ReplaceAll(t.name, "-", " ")))
			asIs(&b, t.text(c))
		}
	}
	section(&b, "ENVIRONMENT")
	asIs(&b, signInVariables)
	_, err := io.WriteString(c.stdout, b.String())
	return err
}

// manFlags tells of flags, with their variables.
func manFlags(b *strings.Builder, flags []*kong.Flag) {
	for _, f := range flags {
		value := ""
		if !f.IsBool() {
			value = "=" + f.FormatPlaceHolder()
		}
		fmt.Fprintf(b, ".TP\n\\fB%s\\fR%s\n%s\n", roff("--"+f.Name), roff(value), roff(kong.DefaultHelpValueFormatter(f.Value)))
	}
}

func section(b *strings.Builder, title string) { fmt.Fprintf(b, ".SH \"%s\"\n", title) }

// asIs is text whose lines and blanks stay.
func asIs(b *strings.Builder, text string) {
	fmt.Fprintf(b, ".PP\n.nf\n%s\n.fi\n", roff(strings.TrimRight(text, "\n")))
}

// roff is text in which no character is an order to the formatter. A hyphen is typed as
// it stands, so that it can be copied.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, `"`, `\(dq`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
