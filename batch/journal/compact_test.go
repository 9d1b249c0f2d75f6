package journal

import (
	"bufio"
	"fmt"
	"os"
	"testing"
)

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Size()
}

func TestCompact(t *testing.T) {
	t.Parallel()
	path := inThePast(t, func(t *testing.T, s *Store) {
		worked(t, s, "keep", 1000)
		worked(t, s, "gone", 2000)
	})
	full := size(t, path)
	freed, err := Compact(t.Context(), path)
	must(t, err)
	if freed != 0 || size(t, path) != full {
		t.Errorf("%d bytes were given back of a file that has none to give", freed)
	}

	s := openAt(t, path)
	old := oldRuns(t, s)
	before := check(t, old[0].Run)
	must(t, old[1].Prune(t.Context()))
	_, err = Compact(t.Context(), path) // by another part of this process
	wantErr(t, err, ErrInUse)
	diff(t, "the other run", check(t, old[0].Run), before)
	must(t, s.Close())
	freed, err = Compact(t.Context(), path)
	must(t, err)
	if now := size(t, path); now > full/2 || freed != full-now {
		t.Errorf("of %d bytes %d are left, and %d were given back", full, now, freed)
	}
	s = openAt(t, path)
	sound(t, s)
	r, err := s.Run(t.Context(), "keep")
	must(t, err)
	diff(t, "the other run", check(t, r), before)
}

// TestCompactChild has the journal open until its input ends.
func TestCompactChild(t *testing.T) {
	path := os.Getenv("OFFBOARD_JOURNAL_PATH")
	if path == "" {
		t.Skip("runs as a child only")
	}
	openAt(t, path)
	fmt.Println("open")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
}

func TestCompactBesideAnotherProcess(t *testing.T) {
	t.Parallel()
	path := inThePast(t, func(t *testing.T, s *Store) {
		worked(t, s, "keep", 10)
		worked(t, s, "gone", 2000)
	})
	s := openAt(t, path)
	must(t, oldRuns(t, s)[1].Prune(t.Context()))
	must(t, s.Close())

	child := asChild(t, "TestCompactChild", path, 0)
	in, err := child.StdinPipe()
	must(t, err)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "open\n" {
		t.Fatalf("the child says %q, error %v", line, err)
	}
	_, err = Compact(t.Context(), path)
	wantErr(t, err, ErrInUse)
	must(t, in.Close())
	must(t, child.Wait())
	freed, err := Compact(t.Context(), path)
	if err != nil || freed == 0 {
		t.Errorf("%d bytes were given back, error %v", freed, err)
	}
}
