package batch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The house: who may import whom within the module. Tests may import more, but
// for graphsim, which must share nothing with what it tests.
var arrows = map[string][]string{
	".release":              {},
	"batch":                 {},
	"batch/intake":          {"batch", "batch/intake/dates", "batch/intake/source", "batch/intake/vocab"},
	"batch/intake/dates":    {"batch"},
	"batch/intake/source":   {"batch", "batch/durable"},
	"batch/intake/vocab":    {"batch"},
	"batch/throttle":        {"batch"},
	"batch/durable":         {},
	"batch/notify":          {"batch"},
	"batch/trace":           {},
	"batch/journal":         {"batch", "batch/durable"},
	"batch/journal/pgtest":  {},
	"batch/planfile":        {"batch", "batch/durable"},
	"batch/signature":       {"batch", "batch/durable"},
	"batch/graph":           {"batch", "batch/durable", "batch/trace"},
	"batch/graphsim":        {},
	"batch/sendertest":      {"batch"},
	"report":                {"batch", "batch/durable"},
	"batch/job":             {"batch", "batch/intake", "batch/intake/dates", "batch/intake/source", "batch/throttle", "batch/journal", "batch/planfile", "batch/signature", "batch/graph", "batch/graphsim", "batch/durable", "batch/trace", "report"},
	"cmd/flagfile":          {"batch", "batch/job", "batch/durable", "batch/journal", "batch/trace"},
	"cmd/offboard-temporal": {"batch", "cmd/flagfile", "batch/job", "batch/journal", "batch/planfile", "batch/trace", "report"},
	"cmd/offboard":          {"batch", "cmd/flagfile", "batch/job", "batch/durable", "batch/notify", "batch/journal", "batch/planfile", "batch/signature", "batch/intake", "batch/trace", "report"},

	".release/kubernetes/check": {},
}

// owners are the rooms that alone know a library, with the rooms inside them.
var owners = map[string]string{
	"github.com/gocarina/gocsv":         "batch/intake",
	"github.com/go-json-experiment":     "batch/intake",
	"github.com/xuri/excelize":          "batch/intake",
	"github.com/xuri/nfp":               "batch/intake",
	"golang.org/x/time/rate":            "batch/throttle",
	"modernc.org/sqlite":                "batch/journal",
	"database/sql":                      "batch/journal",
	"github.com/jackc/":                 "batch/journal",
	"github.com/gofrs/flock":            "batch/journal",
	"github.com/microsoftgraph/":        "batch/graph",
	"github.com/microsoft/":             "batch/graph",
	"github.com/Azure/azure-sdk-for-go": "batch/graph",
	"github.com/alecthomas/kong":        "cmd/",
	"go.yaml.in/yaml/v3":                "cmd/flagfile",
	"go.temporal.io/":                   "cmd/offboard-temporal",
	"github.com/hiddeco/sshsig":         "batch/signature",
	"golang.org/x/crypto/ssh":           "batch/signature",
}

func TestArrows(t *testing.T) {
	const root = ".."
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		room, test := filepath.ToSlash(filepath.Dir(rel)), strings.HasSuffix(path, "_test.go")
		allowed, known := arrows[room]
		if !known {
			t.Errorf("%s: %s is no room of the house", rel, room)
			return nil
		}
		seen[room] = true
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imp := range file.Imports {
			name, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			if to, ours := strings.CutPrefix(name, "offboard/"); ours && to != room && (!test || room == "batch/graphsim") && !slices.Contains(allowed, to) {
				t.Errorf("%s: %s must not import %s", rel, room, to)
			}
			if name == "github.com/microsoftgraph/msgraph-sdk-go" {
				t.Errorf("%s imports the SDK's root, which compiles the whole of Graph", rel)
			}
			for lib, owner := range owners {
				if strings.HasPrefix(name, lib) && room != owner && !strings.HasPrefix(room, strings.TrimSuffix(owner, "/")+"/") && !test {
					t.Errorf("%s: only %s may import %s", rel, owner, name)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range arrows {
		if !seen[room] {
			t.Errorf("%s is in the drawing and not in the house", room)
		}
	}
}
