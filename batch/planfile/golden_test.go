package planfile

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"reflect"
	"testing"
)

var update = flag.Bool("update", false, "write the golden plan anew")

const golden = "testdata/plan.jsonl"

func TestGolden(t *testing.T) {
	file, d := written(t, leavers())
	if *update {
		if err := os.WriteFile(golden, file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, want) {
		t.Errorf("the format has changed; a change needs a new version\ngot\n%s\nwant\n%s", file, want)
	}
	got, f, err := reread(want)
	if err != nil {
		t.Fatal(err)
	}
	if in := leavers(); !reflect.DeepEqual(got, in) {
		t.Errorf("read\n%+v\nof what was written\n%+v", got, in)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(want)); f.Digest != d || d.String() != sum {
		t.Errorf("digests %s and %s of a file whose SHA-256 is %s", d, f.Digest, sum)
	}
	if why := f.Head.Refusals(); len(why) != 1 || why[0] != leavers().head.Guards[1].Refusal {
		t.Errorf("refusals %q", why)
	}
}
