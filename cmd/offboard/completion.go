package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Completion: a shell calls the program with the words of the command line, and shows
// what it prints. So all shells know the grammar of the program that is there.

// completeWord calls for candidates. Behind it stand the words before the cursor, and then
// the beginning of the word at the cursor, behind a colon, since some shells lose an empty
// word.
const completeWord = "__complete"

const ofCompletion = `bash, zsh, fish or powershell. Where there are no candidates a shell offers files. Of PowerShell
it goes into the profile: offboard completion powershell >> $PROFILE`

// completionOptions are those of completion.
type completionOptions struct {
	Shell string `arg:"" enum:"bash,zsh,fish,powershell" help:"The shell: bash, zsh, fish or powershell."`
}

// tell implements [teller].
func (o *completionOptions) tell(c *command) error {
	_, err := io.WriteString(c.stdout, completions[o.Shell])
	return err
}

// complete prints the candidates, each with what it means behind a tab.
func (c *command) complete(words []string) error {
	if len(words) == 0 {
		return nil
	}
	last := len(words) - 1
	model := grammar(&cli{}, io.Discard, func(int) {}).Model
	for _, found := range candidates(model.Node, words[:last], strings.TrimPrefix(words[last], ":")) {
		if _, err := fmt.Fprintf(c.stdout, "%s\t%s\n", found[0], found[1]); err != nil {
			return err
		}
	}
	return nil
}

// candidates are what can stand behind these words and begins so, each with what it means.
func candidates(at *kong.Node, words []string, begun string) (found [][2]string) {
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "=" }) // as bash parts --flag=value
	begun = strings.TrimPrefix(begun, "=")
	var value *kong.Flag // whose value comes next
	for _, w := range words {
		switch {
		case value != nil:
			value = nil
		case strings.HasPrefix(w, "-"):
			value = takesValue(at, w)
		default:
			if child := childOf(at, w); child != nil {
				at = child
			}
		}
	}
	add := func(prefix, word, help string) {
		if strings.HasPrefix(prefix+word, begun) {
			found = append(found, [2]string{prefix + word, firstSentence(help)})
		}
	}
	prefix := ""
	if name, _, valued := strings.Cut(begun, "="); valued && value == nil {
		value, prefix = takesValue(at, name), name+"="
	}
	switch {
	case value != nil:
		for _, word := range enumOf(value.Value) {
			add(prefix, word, "")
		}
	case strings.HasPrefix(begun, "-"):
		for _, flags := range at.AllFlags(true) {
			for _, f := range flags {
				add("", "--"+f.Name, f.Help)
			}
		}
	case at.Name == "help" && len(at.Positional) > 0:
		for _, t := range topics {
			add("", t.name, t.about)
		}
		at = at.Parent
		fallthrough
	default:
		for _, child := range at.Children {
			if !child.Hidden {
				add("", child.Name, child.Help)
			}
		}
		for _, p := range at.Positional {
			for _, word := range enumOf(p) {
				add("", word, "")
			}
		}
	}
	return found
}

// takesValue is the flag of a word whose value is the next word, or nil.
func takesValue(at *kong.Node, word string) *kong.Flag {
	for _, flags := range at.AllFlags(false) {
		for _, f := range flags {
			if !f.IsBool() && (word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short)) {
				return f
			}
		}
	}
	return nil
}

func childOf(at *kong.Node, name string) *kong.Node {
	for _, child := range at.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

func enumOf(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	return v.EnumSlice()
}

// firstSentence is what fits beside a candidate.
func firstSentence(help string) string {
	first, _, _ := strings.Cut(help, ". ")
	return strings.TrimSuffix(strings.ReplaceAll(first, "\t", " "), ".")
}

// completions are what each shell reads.
var completions = map[string]string{
	"bash": `# bash completion for offboard
_offboard() {
    local word rest
    COMPREPLY=()
    while IFS=$'\t' read -r word rest; do
        COMPREPLY+=("$word")
    done < <("$1" ` + completeWord + ` "${COMP_WORDS[@]:1:COMP_CWORD-1}" ":${COMP_WORDS[COMP_CWORD]}" 2>/dev/null)
}
complete -o default -F _offboard offboard
`,
	"zsh": `#compdef offboard
_offboard() {
    local -a found
    local word rest
    while IFS=$'\t' read -r word rest; do
        found+=("${word//:/\\:}:$rest")
    done < <("${words[1]}" ` + completeWord + ` "${(@)words[2,CURRENT-1]}" ":${words[CURRENT]}" 2>/dev/null)
    if (( $#found )); then
        _describe -V offboard found
    else
        _files
    fi
}
if [ "${funcstack[1]}" = _offboard ]; then
    _offboard "$@"
else
    compdef _offboard offboard
fi
`,
	"fish": `# fish completion for offboard
function __offboard_complete
    set -l words (commandline -opc)
    set -l begun (commandline -ct)
    $words[1] ` + completeWord + ` $words[2..-1] ":$begun" 2>/dev/null
end
complete -c offboard -k -a '(__offboard_complete)'
`,
	"powershell": `# PowerShell completion for offboard
Register-ArgumentCompleter -Native -CommandName offboard, offboard.exe -ScriptBlock {
    param($begun, $ast, $cursor)
    $words = @($ast.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursor } | ForEach-Object { $_.Extent.Text })
    & $ast.CommandElements[0].Extent.Text ` + completeWord + ` @words ":$begun" 2>$null | ForEach-Object {
        $word, $help = $_ -split "` + "`" + `t", 2
        if (-not $help) { $help = $word }
        [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $help)
    }
}
`,
}
