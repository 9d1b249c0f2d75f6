package journal

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"testing"

	"offboard/batch"
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
		worked(t, s, "gone", 900)
		worked(t, s, "keep", 300)
	})
	full := size(t, path)
	s := openAt(t, path)
	freed, err := s.Compact(t.Context())
	must(t, err)
	if freed != 0 {
		t.Errorf("%d bytes were given back of a file that has none to give", freed)
	}
	old := oldRuns(t, s)
	before := check(t, old[1].Run)
	must(t, old[0].Prune(t.Context()))
	freed, err = s.Compact(t.Context())
	must(t, err)
	diff(t, "the other run", check(t, old[1].Run), before)
	must(t, s.Close())
	if now := size(t, path); now > full/2 || int64(freed) != full-now {
		t.Errorf("of %d bytes %d are left, and %d were given back", full, now, freed)
	}
	s = openAt(t, path)
	sound(t, s)
	r, err := s.Run(t.Context(), "keep")
	must(t, err)
	diff(t, "the other run", check(t, r), before)
}

// Compact gives way: what others write in between is kept, and when it is cut short, the
// next one goes on.
func TestCompactInSlices(t *testing.T) {
	t.Parallel()
	path := inThePast(t, func(t *testing.T, s *Store) {
		worked(t, s, "gone", 600)
		running(t, s, "keep", 30)
	})
	s := openAt(t, path)
	must(t, oldRuns(t, s)[0].Prune(t.Context()))
	freed, err := s.Compact(&strike{Context: t.Context(), n: 2})
	wantErr(t, err, context.Canceled)
	if freed < shrinkPages*4096 || freed > (shrinkPages+2)*4096 {
		t.Errorf("one slice gave back %d bytes", freed)
	}
	r, err := s.Run(t.Context(), "keep")
	must(t, err)
	must(t, r.Write(t.Context(), batch.Entry{Records: []batch.Record{settled(1, 1, batch.Verified)}}))
	before := check(t, r)
	freed, err = s.Compact(t.Context())
	must(t, err)
	if freed == 0 {
		t.Error("a second Compact found nothing to give back")
	}
	diff(t, "the other run", check(t, r), before)
	sound(t, s)
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
		worked(t, s, "gone", 800)
		worked(t, s, "keep", 10)
	})
	full := size(t, path)
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
	s := openAt(t, path)
	must(t, oldRuns(t, s)[0].Prune(t.Context()))
	freed, err := s.Compact(t.Context())
	must(t, err)
	must(t, s.Close())
	if now := size(t, path); freed == 0 || full-now != int64(freed) {
		t.Errorf("%d bytes were given back, and the file has %d of %d", freed, now, full)
	}
	must(t, in.Close())
	must(t, child.Wait())
}
