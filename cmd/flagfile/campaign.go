package flagfile

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"offboard/batch"
	"offboard/batch/durable"
	"offboard/batch/job"
)

// The file of a campaign is a YAML mapping. Of each tenant it has a name, the tenant's id or
// domain, its files, and flags of run by their names, as a config file has them; below defaults stand
// those of all tenants. See offboard help campaign.

// ofCampaign are flags of run that the campaign gives each tenant, or that are said on its command line.
var ofCampaign = []string{"tenant", "report-dir", "yes", "dry-run", "new", "simulate"}

// readAlike are flags by which a file is read.
var readAlike = []string{"encoding", "sheet", "header-line", "no-header", "column", "ignore-column", "preset", "rows-of"}

// tenantName is what a tenant may be called: its reports stand in a directory of that name.
var tenantName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// Campaign reads the file of a campaign, and the files of all its tenants, for a command.
type Campaign struct {
	Host *job.Host
	// Selection reads flags and files as the command of a tenant does, with variables and the config file.
	Selection func(flags []batch.Flag, files []string) (job.Selection, error)
	// Wrong tells what of them is wrong, as far as it can be told without a sign-in.
	Wrong func(flags []batch.Flag, files []string) error
	// Refused says why a flag of run cannot stand in the file, or "". Nil is that every flag of a tenant can.
	Refused func(flag string) string
}

// reader reads the file of a campaign.
type reader struct {
	path    string // absolute
	flags   map[string][]*kong.Flag
	refused map[string]string
	all     Values   // defaults
	common  []string // the files of all tenants, where these have none of their own
	column  string   // that says whose a row of them is
	taken   map[string]string
}

// Misfiled is an error in the file of a campaign.
type Misfiled struct{ error }

func (m Misfiled) Unwrap() error { return m.error }

// Read reads who is in the campaign, and how, and the files of all. Each error names the file and the line.
func (c *Campaign) Read(o *job.CampaignOptions) ([]job.Member, error) {
	members, r, err := read(o, c.Refused)
	if err == nil {
		err = c.wrongFlags(r, members)
	}
	if err == nil && len(r.common) > 0 {
		err = c.whose(r, members)
	}
	if err == nil {
		members, err = chosen(members, o)
	}
	if err == nil {
		err = job.Gather(c.Host, members)
	}
	switch _, inRows := errors.AsType[*job.Misread](err); {
	case inRows:
		err = Misfiled{fmt.Errorf("%w: %w", job.ErrUsage, err)}
	case err != nil && !errors.Is(err, job.ErrRefused):
		err = Misfiled{fmt.Errorf("%w: campaign file %s: %w", job.ErrUsage, o.File, err)}
	}
	return members, err
}

// Words are the command line of a tenant: a command with its flags and files.
func Words(command string, flags []batch.Flag, files []string) []string {
	words := []string{command}
	for _, f := range flags {
		words = append(words, "--"+f.Name+"="+f.Value)
	}
	return append(append(words, "--"), files...)
}

// Members reads who is in the campaign, of its file alone, whose name it makes an absolute one.
func Members(o *job.CampaignOptions) ([]job.Member, error) {
	members, _, err := read(o, nil)
	return members, err
}

// variable is a line of a sign-in file, which somebody put in the place of the file's name.
var variable = regexp.MustCompile(`(AZURE|OFFBOARD)_[A-Z_]+ *=`)

// wrongFlags tells of all members together what of their flags can be told without a sign-in. The name
// of a sign-in file is in no error, since it may be a secret that was put in its place.
func (c *Campaign) wrongFlags(r *reader, members []job.Member) (all error) {
	for _, m := range members {
		if m.Skip {
			continue
		}
		had := all
		wrong := func(flag string, err error) {
			all = errors.Join(all, fmt.Errorf("line %d: %s: %s%s", m.Line, m.Name, flag, strings.ReplaceAll(err.Error(), job.ErrUsage.Error()+": ", "")))
		}
		for _, f := range m.Flags {
			if r.flags[f.Name] == nil || r.flags[f.Name][0].Tag.Type != "path" || slices.Contains([]string{"debug-http", "metrics-file"}, f.Name) {
				continue
			}
			_, err := os.Stat(f.Value)
			switch {
			case f.Name != "sign-in" && err != nil:
				wrong(f.Name+": ", err)
			case f.Name == "sign-in" && variable.MatchString(f.Value):
				wrong("sign-in: ", errors.New("it names a file that holds the AZURE_ lines; put them there, and renew a secret that stood here"))
			case f.Name == "sign-in" && err != nil:
				wrong("sign-in: ", errors.New("there is no such file"))
			}
		}
		if all != had {
			continue
		}
		if err := c.Wrong(m.Flags, m.Files); err != nil {
			wrong("", err)
		}
	}
	return all
}

// ofRun is the command whose flags the file may have.
type ofRun struct {
	Run job.RunOptions `cmd:""`
}

// read reads the file alone.
func read(o *job.CampaignOptions, refused func(flag string) string) ([]job.Member, *reader, error) {
	path, err := filepath.Abs(o.File)
	if err != nil {
		return nil, nil, err
	}
	f, err := durable.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	if err := OnlyOurs(f); err != nil {
		return nil, nil, err
	}
	o.File = path
	top, err := mapping(f, "it must have the key tenants")
	if err != nil {
		return nil, nil, err
	}
	r := &reader{path: path, refused: map[string]string{}, flags: map[string][]*kong.Flag{}, taken: map[string]string{}}
	for _, flag := range kong.Must(&ofRun{}, kong.DefaultEnvars("OFFBOARD")).Model.Children[0].Flags {
		if refused != nil {
			r.refused[flag.Name] = refused(flag.Name)
		}
		if len(flag.Envs) == 0 || slices.Contains(ofCampaign, flag.Name) {
			r.refused[flag.Name] = SayIt
		}
		if r.refused[flag.Name] == "" {
			r.flags[flag.Name] = append(r.flags[flag.Name], flag)
		}
	}
	members, err := r.read(top)
	return members, r, err
}

// whose sees that each row of the file of all tenants is that of one. All of them read it alike.
func (c *Campaign) whose(r *reader, members []job.Member) error {
	s, err := c.Selection(r.merged(Values{}), r.common)
	if err != nil {
		return err
	}
	return job.Whose(c.Host, s, r.common, r.column, members)
}

// chosen are the members that --only names, or all; rehearsed with --simulate.
func chosen(members []job.Member, o *job.CampaignOptions) ([]job.Member, error) {
	for _, name := range o.Only {
		if at := slices.IndexFunc(members, func(m job.Member) bool { return m.Name == name && m.Skip }); at >= 0 {
			return nil, fmt.Errorf("--only %s: line %d leaves it out with skip: true", name, members[at].Line)
		}
		if !slices.ContainsFunc(members, func(m job.Member) bool { return m.Name == name }) {
			names := []string{}
			for _, m := range members {
				names = append(names, m.Name)
			}
			return nil, fmt.Errorf("--only %s: no tenant is called so%s; there are %s", name, Nearest(name, names), strings.Join(names, ", "))
		}
	}
	members = slices.DeleteFunc(members, func(m job.Member) bool { return len(o.Only) > 0 && !slices.Contains(o.Only, m.Name) })
	going := 0
	for i := range members {
		if !members[i].Skip {
			going++
		}
		if o.Simulate {
			members[i].Flags = append(members[i].Flags, job.Simulating)
		}
	}
	if going == 0 {
		return nil, errors.New("it names no tenant to work on")
	}
	return members, nil
}

// read reads the mapping.
func (r *reader) read(top *yaml.Node) (members []job.Member, err error) {
	var tenants *yaml.Node
	r.all = Values{r.path, map[string]Setting{}}
	at := map[string]int{}
	for key, node := range pairs(top) {
		if line := at[key.Value]; line != 0 {
			return nil, fmt.Errorf("line %d: %s stands on line %d, too", key.Line, key.Value, line)
		}
		at[key.Value] = key.Line
		for _, n := range []*yaml.Node{key, node} {
			if why := NotShown(n.Value, false); why != "" {
				return nil, fmt.Errorf("line %d: a word %s", n.Line, why)
			}
		}
		switch {
		case key.Value == "defaults" && node.Kind == yaml.MappingNode:
			if err := r.all.take(node, r.flags, r.refused, "a campaign file"); err != nil {
				return nil, err
			}
		case key.Value == "file":
			if r.common, err = r.files(node); err != nil {
				return nil, fmt.Errorf("line %d: file: %w", key.Line, err)
			}
		case key.Value == "tenant-column" && node.Kind == yaml.ScalarNode && strings.TrimSpace(node.Value) != "":
			r.column = node.Value
		case key.Value == "tenants" && node.Kind == yaml.SequenceNode:
			tenants = node
		case key.Value == "defaults" || key.Value == "tenants":
			return nil, fmt.Errorf("line %d: %s: defaults is a mapping of flags, and tenants a list of mappings", key.Line, key.Value)
		default:
			return nil, fmt.Errorf("line %d: there is no key %q%s", key.Line, key.Value, Nearest(key.Value, []string{"defaults", "tenants", "file", "tenant-column"}))
		}
	}
	if tenants == nil || len(tenants.Content) == 0 {
		return nil, errors.New("it has no tenants: put a list of them below the key tenants")
	}
	if (len(r.common) > 0) != (r.column != "") {
		return nil, errors.New("one file for all tenants needs both keys: file, and tenant-column for the column that says whose each row is")
	}
	var wrong error // of each tenant the first, all together
	for _, node := range tenants.Content {
		m, err := r.member(node)
		if err == nil {
			err = m.Sum()
		}
		members, wrong = append(members, m), errors.Join(wrong, err)
	}
	return members, wrong
}

// pairs are the keys of a mapping with what they have.
func pairs(n *yaml.Node) func(func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		for i := 0; n != nil && i < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// member reads one tenant.
func (r *reader) member(node *yaml.Node) (m job.Member, err error) {
	m.Line = node.Line
	if node.Kind != yaml.MappingNode {
		return m, fmt.Errorf("line %d: a tenant is a mapping with name, tenant and file", node.Line)
	}
	rest := &yaml.Node{Kind: yaml.MappingNode, Line: node.Line}
	own := map[string]*yaml.Node{}
	for key, value := range pairs(node) {
		switch key.Value {
		case "name", "tenant", "file", "skip":
			if before := own[key.Value]; before != nil {
				return m, fmt.Errorf("line %d: %s stands on line %d, too", key.Line, key.Value, before.Line)
			}
			own[key.Value] = value
		default:
			rest.Content = append(rest.Content, key, value)
		}
	}
	text := func(key string) string {
		if n := own[key]; n != nil && n.Kind == yaml.ScalarNode {
			return strings.TrimSpace(n.Value)
		}
		return ""
	}
	for _, n := range []string{"name", "tenant"} {
		if why := NotShown(text(n), false); why != "" {
			return m, fmt.Errorf("line %d: %s %s", own[n].Line, n, why)
		}
	}
	m.Name, m.Tenant, m.Skip = text("name"), text("tenant"), text("skip") == "true"
	switch {
	case !tenantName.MatchString(m.Name):
		return m, fmt.Errorf("line %d: give the tenant a name of up to 64 letters, digits, dashes and underscores, which is also that of its directory (name: contoso)", node.Line)
	case m.Tenant == "":
		return m, fmt.Errorf("line %d: %s: say which tenant it is, by its id or one of its domains (tenant: contoso.com): its sign-in is held against that", node.Line, m.Name)
	case own["skip"] != nil && text("skip") != "true" && text("skip") != "false":
		return m, fmt.Errorf("line %d: %s: skip is true or false", own["skip"].Line, m.Name)
	}
	// A row of the file of all tenants names either, so that neither may be what another tenant has.
	for _, value := range slices.CompactFunc([]string{m.Name, m.Tenant}, strings.EqualFold) {
		if err := r.once(node.Line, m.Name, "the name or tenant", value); err != nil {
			return m, err
		}
	}
	if m.Files, err = r.files(own["file"]); err != nil {
		return m, fmt.Errorf("line %d: %s: file: %w", node.Line, m.Name, err)
	}
	switch {
	case len(r.common) > 0 && len(m.Files) > 0:
		return m, fmt.Errorf("line %d: %s: the file of all tenants is named at the top; take this one out", node.Line, m.Name)
	case len(r.common) > 0:
	case len(m.Files) == 0 && !m.Skip:
		return m, fmt.Errorf("line %d: %s: name its file (file: %s.csv)", node.Line, m.Name, m.Name)
	}
	for _, file := range m.Files {
		if err := r.once(node.Line, m.Name, "the file", file); err != nil {
			return m, fmt.Errorf("%w; a person must not be looked up in a tenant of others", err)
		}
	}
	if m.Skip {
		m.Files = nil
	}
	flags := Values{r.path, map[string]Setting{}}
	if err := flags.take(rest, r.flags, r.refused, "a campaign file"); err != nil {
		return m, err
	}
	m.Flags = r.merged(flags)
	if len(r.common) > 0 && !m.Skip {
		for _, f := range readAlike {
			if s, has := flags.Of[f]; has {
				return m, fmt.Errorf("line %d: %s: all tenants read the same file; %s stands below defaults", s.Line, m.Name, f)
			}
		}
		m.Files = r.common
		for _, value := range []string{m.Name, m.Tenant} {
			m.Flags = append(m.Flags, batch.Flag{Name: "rows-of", Value: r.column + "=" + value})
		}
	}
	return m, nil
}

// once refuses what another tenant has, too.
func (r *reader) once(line int, name, what, value string) error {
	key := what + " " + strings.ToLower(value)
	if of := r.taken[key]; of != "" {
		return fmt.Errorf("line %d: %s: %s %s is that of %s, too", line, name, what, value, of)
	}
	r.taken[key] = fmt.Sprintf("%s (line %d)", name, line)
	return nil
}

// files reads a name or a list of names, which begin at the campaign's file.
func (r *reader) files(node *yaml.Node) (names []string, err error) {
	if node == nil {
		return nil, nil
	}
	s, err := Values{Path: r.path}.setting(node, r.flags["protect"][0]) // which takes several files, too
	if err == nil && slices.Contains(s.Values, filepath.Join(filepath.Dir(r.path), "-")) {
		err = errors.New("standard input cannot be read for a tenant of a campaign; name a file")
	}
	return s.Values, err
}

// merged are the flags of a tenant: its own before the defaults. What protects users adds up.
func (r *reader) merged(own Values) (flags []batch.Flag) {
	names := slices.Sorted(maps.Keys(r.all.Of))
	for name := range own.Of {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		f := r.flags[name][0]
		s, has := own.Of[name]
		of := s.Values
		if all, both := r.all.Of[name]; !has {
			of = all.Values
		} else if both && f.Tag.Has("guard") && f.IsCumulative() {
			of = slices.Concat(all.Values, of)
		}
		for _, v := range of {
			if f.IsCumulative() && f.Tag.Sep != -1 {
				v = kong.JoinEscaped([]string{v}, f.Tag.Sep)
			}
			flags = append(flags, batch.Flag{Name: name, Value: v})
		}
	}
	return flags
}
