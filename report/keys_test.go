package report

import (
	"slices"
	"testing"
)

// Every key of run.json has a meaning, and every meaning is of a key that there is.
func TestKeysHaveMeanings(t *testing.T) {
	keys := Keys()
	for _, k := range keys {
		if k.Meaning == "" {
			t.Errorf("%q has no meaning in keys.go", k.Name)
		}
	}
	for name := range keyMeanings {
		if !slices.ContainsFunc(keys, func(k Column) bool { return k.Name == name }) {
			t.Errorf("keys.go has a meaning of %q, which run.json does not have", name)
		}
	}
}
