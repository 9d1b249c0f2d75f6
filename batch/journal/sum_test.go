package journal

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestSumSeesEveryBit flips each bit of each value of a row.
func TestSumSeesEveryBit(t *testing.T) {
	row := []any{int64(3), int64(17), int64(-1), "kim@contoso.example", nil, "", strings.Repeat("é", 300), int64(1) << 62}
	sum := func(row []any) int64 {
		t.Helper()
		s, _, ok := rowsTable.sum(nil, row)
		if !ok || s != int64(int32(s)) {
			t.Fatalf("%v has the sum %d, %v", row, s, ok)
		}
		return s
	}
	want := sum(row)
	for i, v := range row {
		other := append([]any(nil), row...)
		switch v := v.(type) {
		case int64:
			for bit := range 64 {
				if other[i] = v ^ 1<<bit; sum(other) == want {
					t.Errorf("value %d, bit %d: the same sum", i, bit)
				}
			}
		case string:
			for bit := range 8 * len(v) {
				b := []byte(v)
				b[bit/8] ^= 1 << (bit % 8)
				if other[i] = string(b); sum(other) == want {
					t.Errorf("value %d, bit %d: the same sum", i, bit)
				}
			}
		}
	}
}

// Rows that are only alike have sums of their own, and what no table of ours
// holds has none.
func TestSumTellsApart(t *testing.T) {
	seen := map[int64]string{}
	for _, of := range []*table{rowsTable, recordsTable} {
		for _, row := range [][]any{
			{}, {nil}, {""}, {int64(0)}, {"0"}, {"\x00"}, {nil, nil}, {"ab", "c"}, {"a", "bc"}, {"abc", ""}, {"", "abc"},
			{int64(1), int64(2)}, {int64(2), int64(1)}, {int64(1), nil, int64(2)},
		} {
			sum, _, ok := of.sum(nil, row)
			name := fmt.Sprintf("%s %q", of.name, row)
			if twin, dup := seen[sum]; dup || !ok {
				t.Errorf("%s has the sum of %s", name, twin)
			}
			seen[sum] = name
		}
	}
	for _, v := range []any{1.5, []byte("x"), true, 7} {
		if _, _, ok := rowsTable.sum(nil, []any{v}); ok {
			t.Errorf("a %T has a sum", v)
		}
	}
}

// A reader believes no row of another run, however whole, and no order but that
// of the keys.
func TestReadersDistrust(t *testing.T) {
	s := openNew(t)
	one := running(t, s, "one", 3)
	running(t, s, "two", 3)
	nothing := func(*cells) error { return nil }
	must(t, rowsTable.each(t.Context(), s.r, nothing, "WHERE run = ? ORDER BY seq", one.id))
	for _, rest := range []string{"WHERE run > ? ORDER BY seq", "WHERE run = ? ORDER BY seq DESC"} {
		wantErr(t, rowsTable.each(t.Context(), s.r, nothing, rest, one.id), ErrDamaged)
	}
}

// An error of damage names the file, the run, the table and the row.
func TestDamagedWords(t *testing.T) {
	for statement, words := range map[string]string{
		"UPDATE rows SET upn = 'kim' WHERE seq = 5":   "read lines of run r, journal is damaged, table rows, row 5",
		"UPDATE records SET status = 1 WHERE seq = 7": "read lines of run r, journal is damaged, table records, row 7",
		"DELETE FROM records WHERE seq = 7":           "read lines of run r, journal is damaged, table records, counts 9, 8 are there",
	} {
		path := filepath.Join(t.TempDir(), "journal.db")
		r := running(t, openAt(t, path), "r", 9)
		settleAll(t, r, 9, "verified")
		must(t, r.s.Close())
		rawDB(t, path, statement)
		r, err := openAt(t, path).Run(t.Context(), "r")
		must(t, err)
		_, err = list(r.Lines(t.Context()))
		wantErr(t, err, ErrDamaged)
		for _, word := range append(strings.Split(words, ", "), path) {
			if err == nil || !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %q does not say %q", statement, err, word)
			}
		}
	}
}
