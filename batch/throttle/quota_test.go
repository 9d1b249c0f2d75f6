package throttle

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestDocumented(t *testing.T) {
	want := []string{
		"app+tenant-writes documented quota: 3,000 writes per 150 s",
		"tenant-writes documented quota: 18,000 writes per 300 s",
		"app-writes documented quota: 35,000 writes per 300 s",
		"app+tenant-units documented quota: 3,500 resource units per 10 s",
		"app-units documented quota: 150,000 resource units per 20 s",
		"app-calls documented quota: 130,000 requests per 10 s",
	}
	for i, q := range Documented() {
		if got := q.Name + " " + q.words(); got != want[i] {
			t.Errorf("%d: %s, want %s", i, got, want[i])
		}
	}
}

func TestUnits(t *testing.T) {
	for users, want := range map[int]int{-1: 3_500, 0: 3_500, 49: 3_500, 50: 5_000, 500: 5_000, 501: 8_000} {
		if got := Units(users).Limit; got != want {
			t.Errorf("Units(%d) = %d, want %d", users, got, want)
		}
	}
}

func TestFor(t *testing.T) {
	got := map[Resource]string{}
	for _, r := range []Resource{Write, ReadUnit} {
		got[r] = names(For(Documented(), r))
	}
	want := map[Resource]string{
		Write:    "app+tenant-writes, tenant-writes, app-writes, app-calls",
		ReadUnit: "app+tenant-units, app-units, app-calls",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestShare(t *testing.T) {
	tests := []struct {
		limit int
		share float64
		want  int
	}{
		{3_000, 0.8, 2_400},
		{18_000, 0.7, 12_600}, // 12,599.999... in binary
		{3_001, 0.5, 1_500},
		{100, 0.1, 20}, // never below a chunk
		{15, 0.5, 15},  // but never above what there was
		{3_000, 1, 3_000}, {3_000, 2, 3_000}, {3_000, 0, 3_000}, {3_000, -1, 3_000},
	}
	for _, tt := range tests {
		in := []Quota{{Limit: tt.limit, Window: time.Second, Origin: "documented quota"}}
		if got := Share(in, tt.share)[0].Limit; got != tt.want {
			t.Errorf("Share(%d, %g) = %d, want %d", tt.limit, tt.share, got, tt.want)
		}
		if in[0].Limit != tt.limit {
			t.Errorf("Share(%d, %g) changed what it was given", tt.limit, tt.share)
		}
	}
	if got, want := Share(Documented(), 0.8)[0].words(), "80 % of the documented quota: 2,400 writes per 150 s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseQuotas(t *testing.T) {
	file := "\uFEFF# our app has more\n\napp+tenant-writes  9,000 2m30s # by ticket\r\n" +
		"app-calls off\ntenant-writes\t36_000\t300s"
	got, err := ParseQuotas(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want := Documented()
	want[0].Limit, want[0].Origin = 9_000, "quota file"
	want[1].Limit, want[1].Origin = 36_000, "quota file"
	want = want[:5]
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestParseQuotasErrors(t *testing.T) {
	for file, want := range map[string]string{
		"\nfoo 1 1s":                                     `line 2: unknown quota "foo"; the names are app+tenant-writes, tenant-writes, `,
		"app-writes 5":                                   `line 1: app-writes: want a limit and a window, as in "app-writes 35000 5m0s"`,
		"app-writes 5 1s 2s":                             "got 3 fields after the name",
		"app-writes 0 1s":                                `app-writes: limit "0": write a whole number from 1`,
		"app-writes -5 1s":                               `limit "-5"`,
		"app-writes 1.5 1s":                              `limit "1.5"`,
		"app-writes 9999999999 1s":                       `limit "9999999999"`,
		"app-writes 5 150":                               `window "150": write a time from 1s to 24h, such as 150s or 5m`,
		"app-writes 5 1ms":                               `window "1ms"`,
		"app-writes 5 25h":                               `window "25h"`,
		"app-writes 5 9s\n#\napp-writes 5 9s":            "line 3: app-writes was already set on line 1; keep one of them",
		"app-writes off\napp-writes off":                 "line 2: app-writes was already set on line 1",
		"app-writes off\n" + strings.Repeat("x", 70_000): "read quota file after line 1",
	} {
		if _, err := ParseQuotas(strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %q", file, err, want)
		}
	}
}
