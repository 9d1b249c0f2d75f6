package batch

import (
	"fmt"
	"testing"
)

func TestPlace(t *testing.T) {
	row := Row{File: "paris 2.csv", Line: 3, Input: "ada"}
	got := fmt.Sprint(row.Place(), "; ", (&RowError{Row: row, Reason: "no @"}).Error(), "; ", Skip{Line: 4}.Place(), "; ", contradiction(row.Place(), Place{"-", 3}).Reason)
	want := "line 3 of paris 2.csv; line 3 of paris 2.csv: no @; line 4; line 3 of paris 2.csv lets this user go, and line 3 of - keeps the user; correct the one that is wrong"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestJointDigest holds what the comment promises an auditor who has sha256sum.
func TestJointDigest(t *testing.T) {
	files := []InputFile{ // of the bytes "a" and "b"
		{Name: "x.csv", SHA256: "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
		{Name: "y.csv", SHA256: "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"},
	}
	const want = "bf75fafab8e46555836b92f1b04106b795a9ed36bd39b351f103b28819895f33"
	if got := JointDigest(files); got != want {
		t.Errorf("got %s", got)
	}
}

// TestLinesOfFiles notes lines of one number in two files, and takes one that can be written
// again before the others.
func TestLinesOfFiles(t *testing.T) {
	ada, bob := []Claim{{Key: ByUPN, Value: "ada@x.example"}}, []Claim{{Key: ByUPN, Value: "bob@x.example"}}
	var k LinesByName
	for _, r := range []struct {
		who   []Claim
		file  string
		line  int
		cells []string
	}{{ada, "berlin.csv", 2, nil}, {bob, "berlin.csv", 3, []string{"bob"}}, {ada, "paris.csv", 2, []string{"ada"}}, {bob, "paris.csv", 3, []string{"bob"}}, {ada, "paris.csv", 1, nil}} {
		k.Add(r.who, Row{File: r.file, Line: r.line, Cells: r.cells})
	}
	for _, c := range []struct {
		who  []Claim
		want Place
	}{{ada, Place{"paris.csv", 2}}, {bob, Place{"berlin.csv", 3}}, {append(ada, bob...), Place{"paris.csv", 2}}, {[]Claim{{Key: ByUPN, Value: "eve@x.example"}}, Place{}}} {
		if at, cells := k.place(c.who); at != c.want || cells != (c.want.Line != 0) {
			t.Errorf("%v: %s, %v; want %s", c.who, at, cells, c.want)
		}
	}
	k = nil
	k.Add(ada, Row{File: "berlin.csv", Line: 2})
	k.Add(nil, Row{File: "paris.csv", Line: 2})
	if at, cells := k.place(ada); at != (Place{"berlin.csv", 2}) || cells || len(k) != 1 {
		t.Errorf("%s, %v, %d files", at, cells, len(k))
	}
}
