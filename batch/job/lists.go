package job

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"offboard/batch"
)

// A plan keeps whom its protect lists named, so that a run goes on without the
// files. A file that was edited since would then protect nobody new without a word.

// keepList keeps what was read of a list, if it is a file that can be read again.
func (l *findings) keepList(h *Host, name string) error {
	list, err := h.read(name)
	if err != nil || !list.again {
		return err
	}
	l.guards.Lists = slices.DeleteFunc(slices.Clone(l.guards.Lists), func(k batch.List) bool { return k.Name == name })
	l.guards.Lists = append(l.guards.Lists, batch.List{Name: name, Digest: list.digest})
	return nil
}

// changedLists refuses a plan of which a protect list has changed, unless the list is
// given again. A list that is gone says nothing: the plan may be carried out elsewhere.
func (g Guards) changedLists(h *Host, lists []batch.List, l *findings) {
	for _, was := range lists {
		if slices.Contains(g.Protect, was.Name) {
			continue
		}
		switch info, err := os.Stat(was.Name); {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err == nil && !info.Mode().IsRegular():
			continue // it is another thing by now
		}
		is, err := h.read(was.Name)
		if err != nil {
			l.note("protect", fmt.Sprintf("whether %s has changed is not known", was.Name), err.Error())
			continue
		}
		if is.digest != was.Digest {
			l.refuse("--protect", "--protect "+was.Name,
				"the protect list %s has changed since the plan was made; give it again to protect whom it names now, too, or plan anew", was.Name)
		}
	}
}
