package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// moveAside moves the report of another run into a directory of its own, and gives its
// path; "" when there was nothing to move. Files without a run.json that names a run are
// moved too: they may be of another run.
func moveAside(dir, run string) (string, error) {
	var older []string
	var last time.Time
	for _, name := range fileNames() {
		if info, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			older, last = append(older, name), info.ModTime()
		}
	}
	whose := RunOf(dir)
	if len(older) == 0 || whose == run {
		return "", nil
	}
	to := filepath.Join(dir, "offboard-"+cmp.Or(whose, last.UTC().Format("20060102-150405")))
	err := os.Mkdir(to, 0o700)
	if errors.Is(err, fs.ErrExist) {
		to, err = os.MkdirTemp(dir, filepath.Base(to)+"-*")
	}
	if err != nil {
		return "", fmt.Errorf("keep the report of another run: %w", err)
	}
	for _, name := range older {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(to, name)); err != nil {
			return to, fmt.Errorf("keep the report of another run: %w", inUse(err))
		}
	}
	return to, nil
}

// RunOf is the run whose report stands in dir, as run.json tells; "" when it does not.
func RunOf(dir string) string {
	var document struct{ Run string }
	text, err := os.ReadFile(filepath.Join(dir, documentName))
	if err != nil || json.Unmarshal(text, &document) != nil || strings.Trim(document.Run, "0123456789abcdefghijklmnopqrstuvwxyz-") != "" {
		return "" // a run's name becomes a file's name
	}
	return document.Run
}

// DirOf is where the report of a run stands: in dir, or below it when a later one took its place; "" where it does not.
func DirOf(dir, run string) string {
	for _, at := range []string{dir, filepath.Join(dir, "offboard-"+run)} {
		if run != "" && RunOf(at) == run {
			return at
		}
	}
	return ""
}

// MoveCampaignAside moves the summary of another campaign than this one into a directory of its own, with
// the reports that it leads to, and gives its path; "" when there was nothing to move.
func MoveCampaignAside(dir, campaign string) (to string, err error) {
	whose, runs := campaignOf(dir)
	if whose == "" || whose == campaign {
		return "", nil
	}
	to = filepath.Join(dir, "offboard-"+whose)
	if err = os.Mkdir(to, 0o700); errors.Is(err, fs.ErrExist) {
		to, err = os.MkdirTemp(dir, filepath.Base(to)+"-*")
	}
	move := func(from, name string) {
		if err == nil {
			if err = os.Rename(from, filepath.Join(to, name)); errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
		}
	}
	for name, run := range runs {
		of := filepath.Join(dir, name)
		at := DirOf(of, run)
		if at == of && err == nil {
			at, err = moveAside(of, "") // another campaign may have a tenant of that name, whose report comes there
		}
		if at != "" {
			move(at, name)
			_ = os.Remove(of) // which stays when there is something in it
		}
	}
	move(filepath.Join(dir, campaignPage), campaignPage)
	move(filepath.Join(dir, campaignDocument), campaignDocument) // last: it says what is to be moved
	if err != nil {
		return "", fmt.Errorf("keep the reports of another campaign: %w", inUse(err))
	}
	return to, nil
}

// campaignOf is the campaign whose summary stands in dir, and the runs of its tenants by name; "" when there is none.
func campaignOf(dir string) (name string, runs map[string]string) {
	var document struct {
		Campaign string
		Tenants  []struct{ Name, Run string }
	}
	text, err := os.ReadFile(filepath.Join(dir, campaignDocument))
	if err != nil || json.Unmarshal(text, &document) != nil || !plainName.MatchString(document.Campaign) {
		return "", nil
	}
	runs = map[string]string{}
	for _, t := range document.Tenants {
		if plainName.MatchString(t.Name) && plainName.MatchString(t.Run) { // they become names of directories
			runs[t.Name] = t.Run
		}
	}
	return document.Campaign, runs
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)
