package journal

import (
	"encoding/binary"
	"os"
)

// pageSize is SQLite's own default, which no journal has ever changed.
const pageSize = 4096

// mendHeader gives a file the first 100 bytes that a journal of its size has:
// all that matters of them is always the same
// (https://sqlite.org/fileformat2.html, section 1.3), SQLite reads nothing
// without them, and nothing of a file that is shorter than they say. Whether
// the rest is a journal is for others to find out.
func mendHeader(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	h := make([]byte, 100)
	copy(h, "SQLite format 3\x00")
	binary.BigEndian.PutUint16(h[16:], pageSize)
	h[18], h[19] = 2, 2              // write-ahead log
	h[21], h[22], h[23] = 64, 32, 32 // shares of a page; always these
	for at, v := range map[int]int{
		24: 1,                         // changes, ...
		28: int(fi.Size() / pageSize), // pages, ...
		92: 1,                         // as of that change
		44: 4,                         // format of the schema
		56: 1,                         // UTF-8
		60: len(steps),                // user_version
		68: applicationID,
	} {
		binary.BigEndian.PutUint32(h[at:], uint32(v))
	}
	if _, err := f.WriteAt(h, 0); err != nil {
		return err
	}
	return f.Sync()
}
