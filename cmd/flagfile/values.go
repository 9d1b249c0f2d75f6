// Package flagfile reads files that have values of flags: the config file of offboard, and the file of a
// campaign, for whoever carries it out. It is the only importer of YAML.
package flagfile

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"offboard/batch/journal"
	"offboard/batch/trace"
)

// Values are the values of flags that a file has.
type Values struct {
	Path string             // of the file; "" when there is none
	Of   map[string]Setting // by the name of the flag
}

// Setting is the value of a flag in a file.
type Setting struct {
	Line   int
	Values []string
	list   bool
	sep    rune // between values in one text
}

// Value is what kong takes for the flag.
func (s Setting) Value() any {
	switch {
	case !s.list && len(s.Values) > 1:
		return kong.JoinEscaped(s.Values, s.sep)
	case !s.list:
		return s.Values[0]
	}
	all := make([]any, len(s.Values))
	for i, v := range s.Values {
		all[i] = v
	}
	return all
}

// mapping is the one mapping that a text of YAML is; nil of an empty one. Of anything else the error says
// what must stand there.
func mapping(r io.Reader, must string) (*yaml.Node, error) {
	var doc, second yaml.Node
	d := yaml.NewDecoder(r)
	switch err := d.Decode(&doc); {
	case err == io.EOF:
		return nil, nil
	case err != nil:
		return nil, errors.New(trace.Without(err.Error())) // it may name an anchor
	case d.Decode(&second) != io.EOF:
		return nil, errors.New("it has more than one document")
	}
	if top := doc.Content[0]; top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: %s", top.Line, must)
	}
	return doc.Content[0], nil
}

// SayIt is why a flag cannot stand in a file.
const SayIt = "it is to be said on the command line"

// Read reads the text of a file, whose kind the errors name. Flags are those that may stand there, and refused says
// of others why not. Each error names the line.
func (c Values) Read(r io.Reader, flags map[string][]*kong.Flag, refused map[string]string, file, must string) error {
	top, err := mapping(r, must)
	if err != nil || top == nil {
		return err
	}
	return c.take(top, flags, refused, file)
}

// take takes the values of flags from a mapping, in such a file.
func (c Values) take(top *yaml.Node, flags map[string][]*kong.Flag, refused map[string]string, file string) error {
	for i := 0; i < len(top.Content); i += 2 {
		key, node := top.Content[i], top.Content[i+1]
		name := key.Value
		of := flags[name]
		before, twice := c.Of[name]
		switch {
		case len(of) == 0 && NotShown(name, false) != "":
			return fmt.Errorf("line %d: a key in the place of a flag's name %s", key.Line, NotShown(name, false))
		case len(of) == 0 && Secret.MatchString(name):
			return fmt.Errorf("line %d: %s: a secret does not stand in %s: give it by its variable, see offboard help environment", key.Line, name, file)
		case len(of) == 0 && refused[name] != "":
			return fmt.Errorf("line %d: --%s cannot stand in %s: %s", key.Line, name, file, refused[name])
		case len(of) == 0:
			return fmt.Errorf("line %d: there is no flag %q%s; see offboard help configuration", key.Line, name, Nearest(name, slices.Sorted(maps.Keys(flags))))
		case twice:
			return fmt.Errorf("line %d: %s stands on line %d, too", key.Line, name, before.Line)
		}
		s, err := c.setting(node, of[0])
		if err != nil {
			return fmt.Errorf("line %d: %s: %w", key.Line, name, err)
		}
		for _, f := range of {
			if err := check(f, s); err != nil {
				return fmt.Errorf("line %d: %w", key.Line, err)
			}
		}
		c.Of[name] = s
	}
	return nil
}

// Secret are names of what must not stand in such a file.
var Secret = regexp.MustCompile(`(?i)(token|secret|passw|passphrase|credential|notify-url|^azure)`)

// setting reads a value or a list of values of a flag. A path begins at the file.
func (c Values) setting(node *yaml.Node, f *kong.Flag) (Setting, error) {
	s := Setting{Line: node.Line, list: node.Kind == yaml.SequenceNode, sep: f.Tag.Sep}
	nodes := []*yaml.Node{node}
	if s.list {
		nodes = node.Content
	}
	for _, n := range nodes {
		why := NotShown(n.Value, isPath(f, n.Value) && !slices.Contains(Writes, f.Name) && !exists(filepath.Join(filepath.Dir(c.Path), n.Value)))
		switch {
		case why != "":
			return s, errors.New(why)
		case n.Kind != yaml.ScalarNode:
			return s, errors.New("it is to be a value, or a list of values")
		case strings.TrimSpace(n.Value) == "" || n.Tag == "!!null":
			return s, errors.New("it is empty; give it a value, or take it out")
		}
		values := []string{n.Value}
		if f.IsCumulative() && !s.list {
			values = kong.SplitEscaped(n.Value, s.sep)
		}
		for _, v := range values {
			if isPath(f, v) && strings.HasPrefix(v, "~") {
				v = kong.ExpandPath(v)
			} else if isPath(f, v) && !filepath.IsAbs(v) {
				v = filepath.Join(filepath.Dir(c.Path), v)
			}
			s.Values = append(s.Values, v)
		}
	}
	if s.list && (!f.IsCumulative() || len(nodes) == 0) {
		return s, errors.New("it takes one value, and no list")
	}
	return s, nil
}

// check parses a value as the flag would.
func check(f *kong.Flag, s Setting) error {
	was := f.Set
	defer func() { f.Set = was }()
	target := reflect.New(f.Target.Type()).Elem()
	if err := f.Parse(kong.Scan().PushTyped(s.Value(), kong.FlagValueToken), target); err != nil {
		return err
	}
	for _, v := range s.Values {
		if f.Enum != "" && !slices.Contains(f.EnumSlice(), v) {
			return fmt.Errorf("--%s must be one of %s, and is %q", f.Name, strings.Join(f.EnumSlice(), ", "), v)
		}
	}
	return nil
}

// isPath reports whether a value of the flag is the path of a file.
func isPath(f *kong.Flag, value string) bool {
	return f.Tag.Type == "path" || f.Tag.Type == "journal" && !journal.OnServer(value)
}
