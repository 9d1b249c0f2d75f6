package journal

import (
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

func TestFilter(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	for i, tenant := range []string{"Tenant-A", "tenant-b", "tenant-a"} {
		r := create(t, s, batch.Plan{Run: string(rune('a' + i)), Tenant: tenant, Digest: "of " + tenant, Created: at(10 * i)})
		if i > 0 {
			must(t, r.Seal(t.Context(), r.Plan()))
		}
	}
	for _, c := range []struct {
		name string
		f    Filter
		want string
	}{
		{"empty", Filter{}, "c b a"},
		{"state", Filter{States: []State{Planned}}, "c b"},
		{"states", Filter{States: []State{Planning, Planned}}, "c b a"},
		{"another state", Filter{States: []State{Finished}}, ""},
		{"tenant in any case", Filter{Tenant: "TENANT-A"}, "c a"},
		{"tenant, exactly", Filter{Tenant: "tenant-_"}, ""},
		{"digest", Filter{Digest: "of tenant-b"}, "b"},
		{"newer", Filter{NewerThan: at(0)}, "c b"},
		{"newer by a moment", Filter{NewerThan: at(0).Add(-time.Millisecond)}, "c b a"},
		{"older", Filter{OlderThan: at(20)}, "b a"},
		{"between", Filter{NewerThan: at(5), OlderThan: at(15)}, "b"},
		{"all of it", Filter{States: []State{Planned}, Tenant: "tenant-a", NewerThan: at(5)}, "c"},
	} {
		runs, err := s.Runs(t.Context(), c.f)
		must(t, err)
		var got []string
		for _, r := range runs {
			got = append(got, r.Plan().Run)
		}
		diff(t, c.name, strings.Join(got, " "), c.want)
	}
}
