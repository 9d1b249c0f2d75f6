package planfile

import (
	"bytes"
	"flag"
	"os"
	"reflect"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden plan anew")

const golden = "testdata/plan.json"

func TestGolden(t *testing.T) {
	file, _ := written(t, leavers())
	file = approved(t, file, "ada", "bob")
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
	if in := leavers(); !reflect.DeepEqual(got, in) || !reflect.DeepEqual(f.Head, in.head) {
		t.Errorf("read\n%+v\nof what was written\n%+v", got, in)
	}
	if len(f.Approvals) != 2 || f.Approvals[1].Name != "bob" || !f.Approvals[1].Time.Equal(noon.Add(time.Minute)) {
		t.Errorf("approvals %+v", f.Approvals)
	}
	if why := f.Head.Refusals(); len(why) != 1 || why[0] != leavers().head.Guards[1].Refusal {
		t.Errorf("refusals %q", why)
	}
}
