package job

import (
	"strings"
	"testing"
)

// Links that lead to one another end the reading of a list.
func TestPagesInACircle(t *testing.T) {
	for _, links := range []map[string]string{{"": "a", "a": "b", "b": "a"}, {"": "a", "a": "a"}, {"": "a", "a": "b", "b": ""}} {
		n := 0
		err := toEnd("the members", func(next string) (string, error) {
			if n++; n > 10 {
				t.Fatal("the reading goes on")
			}
			return links[next], nil
		})
		if ends := links["b"] == "" && links["a"] != "a"; ends != (err == nil) || !ends && !strings.HasPrefix(err.Error(), "read the members: the list has no end") {
			t.Errorf("%v: %v", links, err)
		}
	}
}
