package job

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/durable"
	"offboard/batch/intake"
)

// UserAsFile says that a user was named where a file belongs.
type UserAsFile struct{ Name string }

// Error names the flag that names users.
func (e *UserAsFile) Error() string {
	return fmt.Sprintf("there is no file %s; a user is named with --user %s", e.Name, e.Name)
}

// Is makes it one of usage.
func (*UserAsFile) Is(target error) bool { return target == ErrUsage }

// input reads whom a command is for: the file, or the users who are named. Both together
// are refused, since either could be meant, and so is what is about a file where there is none.
func (n Named) input(h *Host, file string, s Selection, now time.Time) (*reading, intake.Options, error) {
	opt, err := s.options(now)
	if err != nil {
		return nil, opt, err
	}
	switch _, missing := os.Stat(file); {
	case len(n.User) == 0 && file == "":
		return nil, opt, fmt.Errorf(`%w: expected "<file>": name a CSV file, - for standard input, or each user with --user`, ErrUsage)
	case len(n.User) == 0 && errors.Is(missing, fs.ErrNotExist) && file != "-" && intake.WhyNobody(file) == "":
		return nil, opt, &UserAsFile{file}
	case len(n.User) == 0:
		in, err := h.readInput(file)
		return in, opt, err
	case file != "":
		return nil, opt, fmt.Errorf("%w: %s and --user are both given: leave one of them out", ErrUsage, file)
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
	return &reading{
		name: "--user " + batch.SomeOf(n.User[:min(3, len(n.User))], len(n.User)), digest: hex.EncodeToString(digest[:]),
		Spool: &durable.Spool{ReaderAt: bytes.NewReader(text), Size: int64(len(text))},
	}, opt, nil
}
