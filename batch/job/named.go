package job

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/durable"
	"offboard/batch/intake"
)

// UserAsFile says that users were named where files belong.
type UserAsFile struct{ Names []string }

// Error names the flag that names users.
func (e *UserAsFile) Error() string {
	return fmt.Sprintf("there is no file %s; a user is named with --user %s", e.Names[0], e.Names[0])
}

// Is makes it one of usage.
func (*UserAsFile) Is(target error) bool { return target == ErrUsage }

// PatternAsFile says that no shell has put the names of files in the place of a pattern.
type PatternAsFile struct {
	Pattern string
	Files   []string // that it fits
}

// Error says how many they are.
func (e *PatternAsFile) Error() string {
	return fmt.Sprintf("there is no file %s; it is a pattern that fits %s, which are to be named", e.Pattern, batch.Plural(len(e.Files), "file"))
}

// Is makes it one of usage.
func (*PatternAsFile) Is(target error) bool { return target == ErrUsage }

// checkFiles refuses, before any is read, what is no file, and a file that is given twice: its
// people would be named twice, and another file may be missing in its place.
func checkFiles(h *Host, files []string) error {
	if h.Files.elsewhere {
		return nil
	}
	isUser := func(name string) bool {
		_, missing := os.Stat(name)
		return errors.Is(missing, fs.ErrNotExist) && name != "-" && intake.WhyNobody(name) == ""
	}
	if at := slices.IndexFunc(files, isUser); at >= 0 {
		if slices.ContainsFunc(files, func(name string) bool { return !isUser(name) }) {
			return fmt.Errorf("%w: there is no file %s; users are named with --user, in a command without files", ErrUsage, files[at])
		}
		return &UserAsFile{files}
	}
	var known []os.FileInfo
	for i, name := range files {
		info, err := os.Stat(name)
		if stdin, is := h.Files.Stdin.(*os.File); is && name == "-" {
			info, err = stdin.Stat()
		}
		fits, _ := filepath.Glob(name) // which can be wrong only as a pattern
		same := slices.IndexFunc(known, func(other os.FileInfo) bool { return err == nil && other != nil && os.SameFile(info, other) })
		if first := slices.Index(files, name); first < i {
			same = first
		}
		switch {
		case same >= 0:
			return fmt.Errorf("%w: %s and %s are one file: give it once", ErrUsage, files[same], name)
		case name == "-":
		case err != nil && len(fits) > 0:
			return &PatternAsFile{name, fits}
		case err == nil && info.IsDir():
			return fmt.Errorf("%w: %s is a directory: name the files in it that are meant", ErrUsage, name)
		}
		known = append(known, info)
	}
	return nil
}

// input reads whom a command is for: the files, or the users who are named. Both together
// are refused, since either could be meant, and so is what is about a file where there is none.
func (n Named) input(h *Host, files []string, s Selection, now time.Time) (inputs, intake.Options, error) {
	opt, err := s.options(now)
	if err != nil {
		return nil, opt, err
	}
	switch {
	case len(n.User) == 0 && len(files) == 0:
		return nil, opt, fmt.Errorf(`%w: expected "<file>": name files, - for standard input, or each user with --user`, ErrUsage)
	case len(n.User) == 0:
		if err := checkFiles(h, files); err != nil {
			return nil, opt, err
		}
		var in inputs
		for _, name := range files {
			r, err := h.readInput(name)
			if err != nil {
				return nil, opt, err
			}
			in = append(in, r)
		}
		return in, opt, nil
	case len(files) > 0:
		return nil, opt, fmt.Errorf("%w: %s and --user are both given: leave one of them out", ErrUsage, files[0])
	}
	for _, f := range []struct {
		flag  string
		given bool
	}{
		{"--column", s.Column != ""}, {"--preset", s.Preset != ""}, {"--ignore-column", len(s.IgnoreColumn) > 0}, {"--where", len(s.Where) > 0},
		{"--date-column", s.DateColumn != ""}, {"--key " + s.Key, batch.Key(s.Key).Searched()},
		{"--encoding", s.Encoding != ""}, {"--sheet", s.Sheet != ""}, {"--header-line", s.HeaderLine != 0}, {"--no-header", s.NoHeader},
	} {
		if f.given {
			return nil, opt, fmt.Errorf("%w: %s is about the columns of a file, and users are named with --user", ErrUsage, f.flag)
		}
	}
	opt.Named, opt.Key = true, ""
	for _, name := range n.User {
		if why := intake.WhyNobody(name); why != "" {
			return nil, opt, fmt.Errorf("%w: --user %q is no user principal name and no object id: %s", ErrUsage, name, why)
		}
	}
	text := []byte(strings.Join(n.User, "\n") + "\n")
	digest := sha256.Sum256(text)
	return inputs{{
		name: "--user " + batch.SomeOf(n.User[:min(3, len(n.User))], len(n.User)), digest: hex.EncodeToString(digest[:]),
		Spool: &durable.Spool{ReaderAt: bytes.NewReader(text), Size: int64(len(text))},
	}}, opt, nil
}
